/* StudyPortal: what the pages do beyond HTML and htmx. Each part looks for its data attribute and does nothing
   where it finds none; every page works without this file. */
"use strict";
(() => {
  const root = document.documentElement;
  const each = (scope, selector, act) => {
    if (scope.matches?.(selector)) act(scope);
    scope.querySelectorAll(selector).forEach(act);
  };
  const isControl = (node) => /^(INPUT|SELECT|TEXTAREA|BUTTON)$/.test(node.tagName);

  /* Theme: remembered in a cookie, so that the server draws the right one at once. */
  const markTheme = () => {
    const chosen = root.dataset.theme || "";
    each(document, "[data-theme-choice]", (button) => {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === chosen));
    });
  };
  const chooseTheme = (theme) => {
    if (theme) root.dataset.theme = theme; else delete root.dataset.theme;
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `theme=${theme}; Path=/; SameSite=Lax; Max-Age=${theme ? 31536000 : 0}${secure}`;
    markTheme();
  };

  /* Values of a named field within its form, whatever its control. */
  const valuesOf = (form, name) => {
    const found = [];
    form.querySelectorAll(`[name="${CSS.escape(name)}"]`).forEach((control) => {
      if (control.disabled && !control.dataset.heldBack) return;
      if (control.type === "checkbox" || control.type === "radio") {
        if (control.checked) found.push(control.value);
      } else if (control.value !== "") found.push(control.value);
    });
    return found;
  };

  /* Hidden controls are disabled, so that they are not posted; what was disabled before stays so. */
  const holdBack = (box, held, why) => {
    box.querySelectorAll("input, select, textarea").forEach((control) => {
      const reasons = new Set((control.dataset.heldBack || "").split(" ").filter(Boolean));
      if (held) {
        if (!control.disabled || reasons.size) { reasons.add(why); control.disabled = true; }
      } else if (reasons.delete(why) && !reasons.size) control.disabled = false;
      if (reasons.size) control.dataset.heldBack = [...reasons].join(" "); else delete control.dataset.heldBack;
    });
  };
  const applyShowIf = (scope) => {
    each(scope, "[data-show-if]", (box) => {
      const form = box.closest("form") || document;
      const wanted = (box.dataset.showValues || "").split("|");
      const source = form.querySelector(`[data-field="${CSS.escape(box.dataset.showIf)}"]`);
      const visible = !source?.hidden && valuesOf(form, box.dataset.showIf).some((value) => wanted.includes(value));
      box.hidden = !visible;
      holdBack(box, !visible, "hidden");
    });
  };

  /* An absent value: the reason stands beside the field, and the value is held back while there is a reason. */
  const absentParts = (name, scope) => {
    const box = scope.querySelector(`[data-absent="${CSS.escape(name)}"]`);
    const row = box?.closest(".field");
    return { box, row, select: box?.querySelector("select"), button: row?.querySelector(`[data-absent-toggle="${CSS.escape(name)}"]`), value: row?.querySelector(".field-value") };
  };
  const drawAbsent = (name, scope, open) => {
    const { box, row, select, button, value } = absentParts(name, scope);
    if (!box || !select) return;
    const absent = select.value !== "";
    box.hidden = !(open || absent);
    if (button) { button.hidden = false; button.setAttribute("aria-expanded", String(!box.hidden)); }
    row.classList.toggle("field-absent", absent);
    if (value) holdBack(value, absent, "absent");
  };
  const toggleAbsent = (name, scope) => {
    const { box, row, select } = absentParts(name, scope);
    if (!box || !select) return;
    if (box.hidden) { drawAbsent(name, scope, true); select.focus(); return; }
    select.value = "";
    drawAbsent(name, scope, false);
    select.dispatchEvent(new Event("change", { bubbles: true }));
    row.querySelector(".field-value input, .field-value select, .field-value textarea")?.focus();
  };

  /* A date as the browser shows it may be read in two ways (11/12); beside it stands the month in words. */
  const echoDate = (echo) => {
    const input = document.getElementById(echo.dataset.dateEcho);
    const day = input?.value ? new Date(input.type === "date" ? `${input.value}T12:00` : input.value) : null;
    const style = { day: "numeric", month: "short", year: "numeric" };
    if (input?.type === "datetime-local") Object.assign(style, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    echo.textContent = day && !Number.isNaN(day.valueOf())
      ? new Intl.DateTimeFormat(root.lang === "en" ? "en-GB" : root.lang, style).format(day) : "";
  };

  /* Unsaved changes. */
  let submitting = false;
  const setDirty = (form, dirty) => {
    if (dirty) form.dataset.dirty = ""; else delete form.dataset.dirty;
    form.querySelectorAll("[data-unsaved]").forEach((note) => { note.hidden = !dirty; });
  };
  window.addEventListener("beforeunload", (event) => {
    if (!submitting && document.querySelector("form[data-guard][data-dirty]")) event.preventDefault();
  });

  /* Shortcuts: always with Alt, so that they never take away a typed character (WCAG 2.1.4). */
  const helpDialog = () => document.getElementById("shortcut-help");
  const showHelp = () => {
    const dialog = helpDialog();
    if (!dialog || dialog.open) return;
    const list = dialog.querySelector("[data-shortcut-list]");
    list.querySelectorAll("[data-found]").forEach((row) => row.remove());
    const seen = new Set();
    document.querySelectorAll("[data-shortcut]").forEach((element) => {
      const keys = element.dataset.shortcut;
      if (seen.has(keys) || element.closest("dialog")) return;
      seen.add(keys);
      const label = element.labels?.[0]?.textContent || element.getAttribute("aria-label") || element.textContent;
      const term = document.createElement("dt");
      const text = document.createElement("dd");
      term.append(Object.assign(document.createElement("kbd"), { textContent: keys }));
      text.textContent = label.trim().replace(/\s+/g, " ");
      for (const node of [term, text]) { node.dataset.found = ""; list.append(node); }
    });
    dialog.showModal();
  };
  document.addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey || !event.code.startsWith("Key")) return;
    const letter = event.code.slice(3);
    const act = () => { event.preventDefault(); event.stopPropagation(); };
    if (letter === "A") {
      const row = document.activeElement?.closest?.("[data-field]");
      if (row?.querySelector("[data-absent]")) { act(); toggleAbsent(row.dataset.field, row); }
      return;
    }
    if (letter === "H" && helpDialog()) { act(); showHelp(); return; }
    const target = document.querySelector(`[data-shortcut="Alt+${letter}"]:not(:disabled)`);
    if (!target) return;
    act();
    if (isControl(target) && target.tagName !== "BUTTON") target.focus(); else target.click();
  });

  document.addEventListener("click", (event) => {
    const origin = event.target.closest("button, a");
    if (!origin) return;
    if (origin.dataset.themeChoice !== undefined) chooseTheme(origin.dataset.themeChoice);
    if (origin.dataset.absentToggle) toggleAbsent(origin.dataset.absentToggle, origin.closest("form") || document);
    if (origin.dataset.openHelp !== undefined) showHelp();
    if (origin.dataset.copy) {
      const source = document.getElementById(origin.dataset.copy);
      const label = origin.querySelector("span");
      navigator.clipboard?.writeText(source.textContent).then(() => {
        const before = label.textContent;
        label.textContent = origin.dataset.copied;
        setTimeout(() => { label.textContent = before; }, 2000);
      }, () => { getSelection().selectAllChildren(source); });
    }
  });
  document.addEventListener("input", (event) => {
    const form = event.target.form || event.target.closest?.("form");
    if (form?.matches("[data-guard]")) setDirty(form, true);
  });
  document.addEventListener("change", (event) => {
    if (event.target.id) each(document, `[data-date-echo="${CSS.escape(event.target.id)}"]`, echoDate);
    const box = event.target.closest?.("[data-absent]");
    if (box) drawAbsent(box.dataset.absent, event.target.form || document, true);
    const form = event.target.form;
    if (form) { if (form.matches("[data-guard]")) setDirty(form, true); applyShowIf(form); }
  });
  document.addEventListener("submit", (event) => {
    if (event.target.matches("[data-guard]") && !event.target.matches("[hx-post], [hx-put], [hx-patch]")) submitting = true;
  });
  /* Where a page says when its draft was kept, it also says when it was not. */
  document.addEventListener("htmx:afterRequest", (event) => {
    const box = event.target.closest?.("[data-autosave]");
    if (!box) return;
    box.querySelector("[data-autosave-said]").hidden = !event.detail.successful;
    box.querySelector("[data-autosave-failed]").hidden = event.detail.successful;
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.target.closest?.("form[data-guard]");
    if (form && event.target === form && event.detail.successful) setDirty(form, false);
  });

  /* The end of a session: a warning before it, and a message in place of a lost page after it. The server counts;
     other tabs keep the session alive too, so it is asked before anything is said. */
  const notes = document.querySelector("[data-session-notes]");
  const sessionOver = (html) => {
    if (!notes) { location.reload(); return; }
    notes.querySelector("[data-session-warning]").hidden = true;
    notes.querySelector("[data-session-ended]").innerHTML = html;
    notes.scrollIntoView({ block: "nearest" });
  };
  const warnBefore = Number(document.body.dataset.sessionWarn);
  let sessionTimer = 0;
  const watchSession = ({ remaining, renewable = true }) => {
    notes.querySelectorAll("[data-session-renewable]").forEach((part) => { part.hidden = !renewable; });
    notes.querySelector("[data-session-final]").hidden = renewable;
    const wait = remaining > warnBefore ? remaining - warnBefore : remaining + 1;
    clearTimeout(sessionTimer);
    sessionTimer = setTimeout(askSession, Math.max(wait, 1) * 1000);
    notes.querySelector("[data-session-warning]").hidden = remaining > warnBefore;
  };
  const askSession = async (stay) => {
    const headers = { "HX-Request": "true", "HX-Current-URL": location.href };
    if (stay === true) headers["X-CSRFToken"] = JSON.parse(document.body.getAttribute("hx-headers") || "{}")["X-CSRFToken"];
    else headers["X-Poll"] = "1";
    try {
      const answer = await fetch(notes.dataset.sessionUrl, { method: stay === true ? "POST" : "GET", headers });
      if (answer.headers.get("X-Session-Ended")) sessionOver(await answer.text());
      else if (answer.ok) watchSession(await answer.json());
    } catch {
      sessionTimer = setTimeout(askSession, 30000); // no network: the session is looked at when it is back
    }
  };
  if (notes) {
    watchSession({ remaining: Number(document.body.dataset.sessionIdle) });
    notes.querySelector("[data-session-stay]").addEventListener("click", () => askSession(true));
  }
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    if (!xhr.getResponseHeader("X-Session-Ended")) return;
    event.detail.shouldSwap = false;
    sessionOver(xhr.responseText);
  });

  const start = (scope) => {
    each(scope, "[data-absent]", (box) => drawAbsent(box.dataset.absent, box.closest("form") || document, false));
    each(scope, "form", applyShowIf);
    each(scope, "[data-date-echo]", echoDate);
    if (navigator.clipboard) each(scope, "[data-copy]", (button) => { button.hidden = false; });
    each(scope, "[data-needs-script]", (part) => { part.hidden = false; });
    each(scope, "[data-unsaved]", (note) => { note.hidden = !note.closest("form")?.hasAttribute("data-dirty"); });
    scope.querySelector?.("[data-focus]")?.focus();
  };
  start(document);
  markTheme();
  document.addEventListener("htmx:load", (event) => { if (event.target !== document.body) start(event.target); });
})();
