// Attachments of a record: the picture beside the form, and files that are dropped. Without this, links open the
// picture in a tab of its own and the form of the panel uploads.
(() => {
  if (window.attachmentsReady) return;
  window.attachmentsReady = true;

  const viewer = () => document.querySelector("[data-attachment-viewer]");
  let opener = null;

  const show = (from) => {
    const pane = viewer();
    if (!pane) return;
    opener = from;
    pane.querySelector("[data-attachment-title]").textContent = from.dataset.attachmentName;
    pane.querySelector("[data-attachment-picture]").src = from.dataset.attachmentShow;
    pane.hidden = false;
    pane.focus({ preventScroll: matchMedia("(min-width: 1100px)").matches });
  };

  const close = () => {
    const pane = viewer();
    if (!pane || pane.hidden) return false;
    pane.hidden = true;
    pane.querySelector("[data-attachment-picture]").removeAttribute("src");
    if (opener?.isConnected) opener.focus();
    return true;
  };

  document.addEventListener("click", (event) => {
    const from = event.target.closest?.("[data-attachment-show]");
    if (from && !(event.ctrlKey || event.metaKey || event.shiftKey)) { event.preventDefault(); show(from); return; }
    if (event.target.closest?.("[data-attachment-close]")) close();
    const zoom = event.target.closest?.("[data-attachment-zoom]");
    if (zoom) {
      const full = zoom.getAttribute("aria-pressed") !== "true";
      zoom.setAttribute("aria-pressed", String(full));
      viewer().querySelector(".attachment-viewer-body").toggleAttribute("data-full", full);
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented && close()) event.preventDefault();
  });

  const zone = (event) => event.target.closest?.("[data-attachment-drop]");
  for (const name of ["dragenter", "dragover"]) {
    document.addEventListener(name, (event) => {
      const form = zone(event);
      if (!form || !event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      form.setAttribute("data-over", "");
    });
  }
  document.addEventListener("dragleave", (event) => {
    const form = zone(event);
    if (form && !form.contains(event.relatedTarget)) form.removeAttribute("data-over");
  });
  document.addEventListener("drop", (event) => {
    const form = zone(event);
    if (!form || !event.dataTransfer?.files.length) return;
    event.preventDefault();
    form.removeAttribute("data-over");
    form.querySelector("input[name=file]").files = event.dataTransfer.files;
  });
})();
