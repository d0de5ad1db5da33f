// A scanner types a label and presses Enter. Enter goes on to the next field to be read, and sends only from the last.
"use strict";
document.querySelectorAll("[data-scan-form]").forEach((form) => {
  const fields = ["identifier", "participant_code", "second_identifier", "second_participant_code"]
    .map((name) => form.elements.namedItem(name))
    .filter(Boolean);
  if (!document.querySelector("[data-focus]")) fields[0]?.focus();
  fields.forEach((field) => {
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      const shown = fields.filter((one) => one.offsetParent !== null);
      const next = shown[shown.indexOf(field) + 1];
      if (next) {
        event.preventDefault();
        next.focus();
      }
    });
  });
});
