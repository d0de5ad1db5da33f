/* Typing a case report form (form[data-entry]) with the keyboard alone: see docs/ui.md. Without this file every control
   works as the browser has it, and the server judges at saving what it judges here while typing. */
"use strict";
(() => {
  const plain = (event) => !event.altKey && !event.ctrlKey && !event.metaKey;
  const entryOf = (node) => node?.closest?.("form[data-entry]");
  const rowOf = (node) => node?.closest?.("[data-field]");
  const changed = (control) => {
    control.dispatchEvent(new Event("input", { bubbles: true }));
    control.dispatchEvent(new Event("change", { bubbles: true }));
  };

  /* ---- Enter: to the next field, Shift+Enter back; after the last one to Save. It never sends the form. ---- */
  const visible = (control) => !control.disabled && control.type !== "hidden" && control.checkVisibility();
  const stopsOf = (form) => {
    const seen = new Set();
    return [...form.querySelectorAll("input, select, textarea")].filter((control) => {
      if (!visible(control) || control.matches(".unit-choice, [data-explanation], [type=file], [tabindex='-1']")) return false;
      const reason = control.closest("[data-absent]");
      /* Where there is a reason, it stands in for the value. */
      if (reason && control.value === "") return false;
      if (control.type !== "radio" && control.type !== "checkbox") return true;
      if (seen.has(control.name)) return false;
      seen.add(control.name);
      return true;
    }).map((control) => {
      if (control.type !== "radio") return control;
      const group = [...form.elements[control.name] instanceof RadioNodeList ? form.elements[control.name] : [control]];
      return group.find((one) => one.checked) || control;
    });
  };
  const go = (form, from, back) => {
    const stops = stopsOf(form);
    const row = rowOf(from);
    /* From anywhere in a field (a unit, a reason, a box) one leaves the field. */
    const beyond = (stop) => !(row && row.contains(stop)) && !(from.name && stop.name === from.name)
      && Boolean(from.compareDocumentPosition(stop) & (back ? Node.DOCUMENT_POSITION_PRECEDING : Node.DOCUMENT_POSITION_FOLLOWING));
    const found = back ? stops.filter(beyond).pop() : stops.find(beyond);
    const target = found || (back ? null : form.querySelector(".form-actions button[type=submit]"));
    if (!target) return;
    target.focus();
    if (target.matches("input:not([type=radio], [type=checkbox])")) target.select?.();
  };
  document.addEventListener("keydown", (event) => {
    const form = entryOf(event.target);
    if (!form || event.key !== "Enter" || event.isComposing || event.defaultPrevented) return;
    /* In several lines of text Enter makes a line; with Ctrl it leaves them. */
    const lines = event.target.matches("textarea");
    if (event.altKey || event.metaKey || event.ctrlKey !== lines || event.target.matches("button, a, summary")) return;
    event.preventDefault();
    if (event.repeat) return;
    const from = event.target;
    /* What is typed is settled first: fields may appear or go by it. */
    if (from.matches("input") && from.type !== "radio" && from.type !== "checkbox") from.blur();
    go(form, from, event.shiftKey);
  });

  /* ---- One letter chooses: y and n, the first letter of a choice, or its number ---- */
  const lettersFor = (control, key) => {
    const word = (control.closest("label")?.textContent || "").trim().toLowerCase();
    return word.startsWith(key) || { true: "y", false: "n" }[control.value] === key;
  };
  document.addEventListener("keydown", (event) => {
    const group = event.target.closest?.("form[data-entry] :is([role=radiogroup], [role=group].choices)");
    if (!group || !plain(event) || event.key.length !== 1 || event.key === " " || event.target.matches("input:not([type=radio], [type=checkbox])")) return;
    const key = event.key.toLowerCase();
    const choices = [...group.querySelectorAll("input:not(:disabled)")];
    const fitting = /^[1-9]$/.test(key) ? choices.slice(Number(key) - 1, Number(key)) : choices.filter((one) => lettersFor(one, key));
    if (!fitting.length) return;
    event.preventDefault();
    /* Of several that begin alike, the same letter goes on to the next. */
    const one = fitting[(fitting.indexOf(document.activeElement) + 1) % fitting.length];
    one.focus();
    if (one.type === "radio" && !one.checked) one.click();
    else if (one.type === "checkbox" && fitting.length === 1) one.click();
  });

  /* ---- Alt+P: the previous value; Alt+E: explain what the field is asked about ---- */
  const copyPrevious = (row) => {
    const button = row?.querySelector("[data-copy-previous]");
    if (!button) return false;
    const value = button.dataset.copyPrevious;
    const controls = [...row.querySelectorAll(".field-value :is(input, select, textarea):not(:disabled)")].filter((one) => !one.matches("[type=hidden], [data-picks]"));
    if (!controls.length) return false;
    if (/^(radio|checkbox)$/.test(controls[0].type)) {
      const wanted = value.split(";");
      controls.forEach((one) => { one.checked = wanted.includes(one.value); });
    } else controls[0].value = value;
    row.dataset.copied = "";
    changed(controls[0]);
    return true;
  };
  const explanationFor = (row) => {
    const open = [...document.querySelectorAll("form[data-entry] [data-explanation]")].filter((one) => one.checkVisibility());
    return open.find((one) => row?.contains(one)) || open.find((one) => !one.value) || open[0];
  };
  document.addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey || !entryOf(event.target)) return;
    if (event.code === "KeyP" && copyPrevious(rowOf(event.target))) event.preventDefault();
    if (event.code === "KeyE") {
      const target = explanationFor(rowOf(event.target));
      if (target) { event.preventDefault(); target.focus(); }
    }
  });
  document.addEventListener("click", (event) => {
    const copy = event.target.closest?.("[data-copy-previous]");
    if (copy) copyPrevious(rowOf(copy));
    const picker = event.target.closest?.("[data-day-picker]");
    if (picker) pickDay(picker);
  });

  /* ---- Days: what is relative is settled at once, so that it means the same tomorrow ---- */
  const DAY = 86400000;
  const settleDay = (input) => {
    const today = entryOf(input)?.dataset.today;
    const text = input.value.trim().toLowerCase();
    const match = /^([+-])\s*(\d{1,4})\s*([dw])[a-z]*$/.exec(text) || /^(\d{1,4})\s*([dw])[a-z]* (ago)$/.exec(text) || /^(in) (\d{1,4})\s*([dw])[a-z]*$/.exec(text);
    const words = { today: 0, t: 0, yesterday: -1, tomorrow: 1 };
    let days = Object.hasOwn(words, text) ? words[text] : null;
    if (match) {
      const [number, unit] = match[3] === "ago" ? [match[1], match[2]] : [match[2], match[3]];
      days = Number(number) * (unit === "w" ? 7 : 1) * (match[1] === "-" || match[3] === "ago" ? -1 : 1);
    }
    if (!today || days === null) return;
    input.value = new Date(Date.parse(`${today}T00:00:00Z`) + days * DAY).toISOString().slice(0, 10);
  };
  const pickDay = (button) => {
    const input = document.getElementById(button.dataset.dayPicker);
    const picker = Object.assign(document.createElement("input"), { type: "date", tabIndex: -1, className: "visually-hidden" });
    picker.setAttribute("aria-hidden", "true");
    if (/^\d{4}-\d{2}-\d{2}$/.test(input.value)) picker.value = input.value;
    button.after(picker);
    picker.addEventListener("input", (event) => event.stopPropagation());
    picker.addEventListener("change", (event) => {
      event.stopPropagation();
      input.value = picker.value;
      picker.remove();
      input.focus();
      changed(input);
    });
    picker.addEventListener("cancel", () => picker.remove());
    picker.showPicker?.();
  };

  /* ---- The judgement while typing: what was touched, what stands there, what is typed in explanations ---- */
  const touched = new Set();
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-typed-day]")) settleDay(event.target);
    const row = rowOf(event.target);
    if (entryOf(event.target) && row) touched.add(row.dataset.field);
  }, true);
  document.addEventListener("input", (event) => {
    const row = rowOf(event.target);
    if (row && event.isTrusted) delete row.dataset.copied;
  });
  document.addEventListener("focusout", (event) => {
    const row = rowOf(event.target);
    if (entryOf(event.target) && row && event.target.value) touched.add(row.dataset.field);
  });
  document.addEventListener("htmx:configRequest", (event) => {
    if (!event.target.matches?.("[data-check]")) return;
    const said = [...document.querySelectorAll("[id^='said-'][data-digest]")].map((box) => box.id.slice(5));
    event.detail.parameters.touched = [...touched].join(",");
    event.detail.parameters.said = said.filter(Boolean).join(",");
  });
  let kept = null;
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail;
    const digest = fragment.dataset?.digest;
    if (digest === undefined) return;
    if ((target.dataset.digest || (target.children.length ? "" : "nothing")) === digest) {
      event.detail.shouldSwap = false;
      return;
    }
    target.dataset.digest = digest;
    /* What is being typed into an explanation while the answer comes stays, and so does the place in it. */
    kept = [...target.querySelectorAll("[data-explanation]")].map((one) => ({
      name: one.name, value: one.value, at: one === document.activeElement ? one.selectionStart : -1,
    }));
  });
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    const box = event.detail.target;
    if (!box.id?.startsWith("said-")) return;
    for (const { name, value, at } of kept || []) {
      const control = box.querySelector(`[name="${CSS.escape(name)}"]`);
      if (!control) continue;
      control.value = value;
      if (at >= 0) { control.focus(); control.setSelectionRange(at, at); }
    }
    kept = null;
    box.querySelectorAll("[data-explanation]").forEach((control) => {
      document.querySelectorAll(`[data-kept-explanation][name="${CSS.escape(control.name)}"]`).forEach((one) => one.remove());
    });
    drawInvalid(box);
  });
  const drawInvalid = (box) => {
    const row = rowOf(box);
    if (!row) return;
    const error = box.querySelector(".field-errors");
    row.classList.toggle("field-invalid", Boolean(error));
    row.querySelectorAll(".field-value :is(input, select, textarea):not(.unit-choice)").forEach((control) => {
      if (control.closest(".rows")) return;
      const others = (control.getAttribute("aria-describedby") || "").split(" ").filter((id) => id && !id.startsWith("error-"));
      if (error) control.setAttribute("aria-invalid", "true"); else control.removeAttribute("aria-invalid");
      if (error) others.unshift(error.id);
      if (others.length) control.setAttribute("aria-describedby", others.join(" "));
    });
  };

  /* ---- Nothing that has the focus lies below the bar of actions (WCAG 2.4.11) ---- */
  const start = (scope) => {
    scope.querySelectorAll("form[data-entry] :is([data-copy-previous], [data-day-picker])").forEach((button) => { button.hidden = false; });
    const bar = document.querySelector(".form-actions");
    if (!bar) return;
    const room = () => {
      const sticky = getComputedStyle(bar).position === "sticky";
      document.documentElement.style.scrollPaddingBlockEnd = sticky ? `${bar.offsetHeight + 16}px` : "";
    };
    room();
    new ResizeObserver(room).observe(bar);
  };
  start(document);
  /* A new form with nothing to be read before it (data-begin): typing begins in its first field. */
  const fresh = document.querySelector("form[data-entry][data-begin]");
  if (fresh && (!document.activeElement || document.activeElement === document.body)) stopsOf(fresh)[0]?.focus();
})();
