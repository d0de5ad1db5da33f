/* The page at the bedside: what counts down, and a second tap that does nothing. The page works without this file. */
"use strict";
(() => {
  /* The tablet's clock may be wrong: the page brings the portal's. */
  const skew = () => {
    const said = document.querySelector("[data-portal-now]")?.dataset.portalNow;
    return said ? Date.parse(said) - loaded : 0;
  };
  let loaded = Date.now();
  const words = (seconds) => {
    const rest = Math.abs(seconds);
    const h = Math.floor(rest / 3600), m = Math.floor((rest % 3600) / 60), s = Math.floor(rest % 60);
    const two = (n) => String(n).padStart(2, "0");
    return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
  };
  const draw = () => {
    const now = Date.now() + skew();
    document.querySelectorAll("[data-until]").forEach((place) => {
      const left = Math.round((Date.parse(place.dataset.until) - now) / 1000);
      place.textContent = left >= 0 ? `${place.dataset.in} ${words(left)}` : `${place.dataset.since} ${words(left)}`;
    });
  };
  draw();
  setInterval(draw, 1000);
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id !== "bedside-now") return;
    loaded = Date.now();
    draw();
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-once]")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
  });
  /* Back from another page the form can be sent again. */
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("[data-once]").forEach((form) => { delete form.dataset.sent; });
  });
})();
