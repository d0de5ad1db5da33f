/* Rows inside a form (components/rows.html): added by Enter in the last cell or Alt+R, removed with a way back.
   Without this file a page has three empty rows, and a row that is emptied is left out. */
"use strict";
(() => {
  const controls = (scope) => [...scope.querySelectorAll("input:not([type=hidden]), select, textarea")]
    .filter((one) => !one.disabled && one.offsetParent !== null);
  const rowsOf = (box) => [...box.querySelectorAll("tbody > [data-row]")];
  const standing = (box) => rowsOf(box).filter((row) => !row.hidden);
  const isBlank = (row) => [...row.querySelectorAll("input, select, textarea")].every((one) =>
    one.type === "checkbox" || one.type === "radio" ? !one.checked : one.value === "");

  const number = (box) => {
    standing(box).forEach((row, index) => {
      const head = row.querySelector("[data-row-number]");
      const text = [...head.childNodes].find((node) => node.nodeType === Node.TEXT_NODE) || head.insertBefore(document.createTextNode(""), head.firstChild);
      text.textContent = String(index + 1);
    });
    const add = box.querySelector("[data-rows-add]");
    if (add) add.disabled = standing(box).length >= Number(box.dataset.rowsMaximum);
  };
  const nextIndex = (box) => 1 + Math.max(-1, ...[...box.querySelectorAll("[data-row] [data-field]")]
    .map((cell) => Number(cell.dataset.field.slice(box.dataset.rows.length + 1).split("-")[0])).filter(Number.isFinite));

  const add = (box) => {
    const template = box.querySelector("template");
    if (!template || standing(box).length >= Number(box.dataset.rowsMaximum)) return null;
    const made = document.createElement("tbody");
    made.innerHTML = template.innerHTML.replaceAll("__row__", String(nextIndex(box)));
    const row = made.querySelector("[data-row]");
    box.querySelector("tbody").append(row);
    number(box);
    /* What portal.js does to parts that arrive later: reasons of absence, buttons that need a script. */
    row.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true }));
    controls(row)[0]?.focus();
    return row;
  };

  /* A removed row stays on the page, hidden and not posted, until it comes back or the page goes. */
  const hold = (row, held) => {
    row.hidden = held;
    row.querySelectorAll("input, select, textarea").forEach((one) => {
      const reasons = new Set((one.dataset.heldBack || "").split(" ").filter(Boolean));
      if (held) {
        if (!one.disabled || reasons.size) { reasons.add("removed"); one.disabled = true; }
      } else if (reasons.delete("removed") && !reasons.size) one.disabled = false;
      if (reasons.size) one.dataset.heldBack = [...reasons].join(" "); else delete one.dataset.heldBack;
    });
  };
  const changed = (box) => box.dispatchEvent(new Event("change", { bubbles: true }));
  const remove = (row) => {
    const box = row.closest("[data-rows]");
    const before = standing(box);
    const place = before.indexOf(row);
    hold(row, true);
    box.removedRow = row;
    const said = box.querySelector("[data-rows-removed]");
    const words = box.querySelector("[data-rows-removed-said]");
    words.textContent = words.dataset.text.replace("%s", String(place + 1));
    said.hidden = false;
    number(box);
    said.querySelector("[data-rows-undo]").focus();
    changed(box.closest("form") ? box.querySelector("tbody") : box);
  };
  const undo = (box) => {
    if (!box.removedRow) return;
    hold(box.removedRow, false);
    controls(box.removedRow)[0]?.focus();
    box.removedRow = null;
    box.querySelector("[data-rows-removed]").hidden = true;
    number(box);
    changed(box.querySelector("tbody"));
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-rows-add], [data-rows-remove], [data-rows-undo]");
    const box = button?.closest("[data-rows]");
    if (!box) return;
    if (button.matches("[data-rows-add]")) add(box);
    else if (button.matches("[data-rows-remove]")) remove(button.closest("[data-row]"));
    else undo(box);
  });
  /* Before the keys of the page: within rows they mean these rows. */
  document.addEventListener("keydown", (event) => {
    const box = event.target.closest?.("[data-rows]");
    if (!box) return;
    const mine = () => { event.preventDefault(); event.stopImmediatePropagation(); };
    if (event.altKey && !event.ctrlKey && !event.metaKey && event.code === "KeyR") {
      if (box.querySelector("template")) { mine(); add(box); }
      return;
    }
    if (event.key !== "Enter" || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.isComposing) return;
    if (!event.target.matches("input, select")) return;
    mine();
    const all = controls(box);
    const next = all[all.indexOf(event.target) + 1];
    if (next) { next.focus(); return; }
    const last = standing(box).at(-1);
    if (!last || isBlank(last) || !add(box)) {
      const form = box.closest("form");
      const after = form ? [...form.elements].filter((one) => one.type !== "hidden" && !one.disabled && one.offsetParent !== null && (box.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING) && !box.contains(one)) : [];
      after[0]?.focus();
    }
  }, true);

  const start = (scope) => scope.querySelectorAll("[data-rows]").forEach((box) => {
    if (box.dataset.rowsReady !== undefined) return;
    box.dataset.rowsReady = "";
    if (box.querySelector("template")) {
      rowsOf(box).filter(isBlank).slice(1).forEach((row) => row.remove());
    }
    number(box);
  });
  start(document);
  document.addEventListener("htmx:load", (event) => start(event.target));
})();
