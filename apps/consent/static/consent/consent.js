/* The pages of consent. A refused form is drawn anew around its file and its drawn signature (hx-preserve), so that
   neither has to be given twice; without this file the form is sent as any other. */
"use strict";
(() => {
  document.addEventListener("htmx:beforeSwap", (event) => {
    const form = event.detail.requestConfig?.elt;
    const { xhr } = event.detail;
    if (!form?.matches?.("form[data-consent-entry]") || xhr.getResponseHeader("X-Session-Ended")) return;
    if ([400, 403, 409].includes(xhr.status) && xhr.responseText.includes('id="consent-entry"')) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const entry = document.getElementById("consent-entry");
    if (entry && event.detail.target?.id === "consent-entry") entry.querySelector("[data-focus]")?.focus();
  });
  /* Whatever else came back, or nothing at all: the page stays as it is, and says so. */
  const failed = (event) => {
    const form = event.detail.requestConfig?.elt;
    if (!form?.matches?.("form[data-consent-entry]") || event.detail.xhr?.getResponseHeader("X-Session-Ended")) return;
    form.querySelector("[data-entry-failed]").hidden = false;
  };
  document.addEventListener("htmx:responseError", failed);
  document.addEventListener("htmx:sendError", failed);
  document.addEventListener("htmx:beforeRequest", (event) => {
    const note = event.target.closest?.("form[data-consent-entry]")?.querySelector("[data-entry-failed]");
    if (note) note.hidden = true;
  });

  /* The page leaves after a redirect that htmx follows: what was typed is in the log, so nothing is asked. */
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const form = event.detail.requestConfig?.elt;
    if (form?.matches?.("form[data-consent-entry]") && event.detail.xhr.getResponseHeader("HX-Redirect")) delete form.dataset.dirty;
  });
})();

/* The SHA-256 of a recording, which stays on the device. */
(() => {
  document.addEventListener("change", async (event) => {
    const input = event.target;
    if (!input.dataset?.hashInto) return;
    const said = input.closest(".field").querySelector("[data-hash-said]");
    const target = document.getElementById(input.dataset.hashInto);
    const file = input.files[0];
    if (!file) return;
    said.textContent = said.dataset.working;
    try {
      const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
      target.value = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      target.dispatchEvent(new Event("change", { bubbles: true }));
      said.textContent = said.dataset.done;
    } catch {
      said.textContent = said.dataset.failed;
    }
  });
})();
