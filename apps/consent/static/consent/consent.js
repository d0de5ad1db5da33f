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
  /* The page leaves after a redirect that htmx follows: what was typed is in the log, so nothing is asked. */
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const form = event.detail.requestConfig?.elt;
    if (form?.matches?.("form[data-consent-entry]") && event.detail.xhr.getResponseHeader("HX-Redirect")) delete form.dataset.dirty;
  });
})();
