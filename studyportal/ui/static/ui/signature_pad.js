/* A field to sign in (components/signature_pad.html): lines drawn with finger, pen or mouse, kept as a PNG in a hidden
   control. Ink and paper are the same in every theme, because the picture is kept. */
"use strict";
(() => {
  const INK = "#10182b", PAPER = "#ffffff", WIDTH = 4;

  const prepare = (box) => {
    if (box.dataset.padReady !== undefined) return;
    box.dataset.padReady = "";
    const canvas = box.querySelector("[data-pad-canvas]");
    const value = box.querySelector("[data-pad-value]");
    const undo = box.querySelector("[data-pad-undo]");
    const clear = box.querySelector("[data-pad-clear]");
    const said = box.querySelector("[data-pad-said]");
    const pen = canvas.getContext("2d");
    const lines = [];
    let before = null; // a drawing that came back with a refused form
    let line = null;

    const point = (event) => {
      const seen = canvas.getBoundingClientRect();
      return [(event.clientX - seen.left) * canvas.width / seen.width, (event.clientY - seen.top) * canvas.height / seen.height];
    };
    const stroke = (points) => {
      pen.beginPath();
      pen.moveTo(...points[0]);
      if (points.length === 1) pen.lineTo(points[0][0] + .1, points[0][1]);
      for (let i = 1; i < points.length - 1; i += 1) {
        const [x, y] = points[i];
        const [nextX, nextY] = points[i + 1];
        pen.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
      }
      if (points.length > 1) pen.lineTo(...points[points.length - 1]);
      pen.stroke();
    };
    const draw = () => {
      pen.fillStyle = PAPER;
      pen.fillRect(0, 0, canvas.width, canvas.height);
      if (before) pen.drawImage(before, 0, 0, canvas.width, canvas.height);
      Object.assign(pen, { strokeStyle: INK, lineWidth: WIDTH, lineCap: "round", lineJoin: "round" });
      lines.forEach(stroke);
    };
    const tell = (word) => {
      const empty = !lines.length && !before;
      undo.disabled = !lines.length;
      clear.disabled = empty;
      said.textContent = said.dataset[word || (empty ? "empty" : "drawn")];
    };
    const keep = (word) => {
      value.value = lines.length || before ? canvas.toDataURL("image/png") : "";
      tell(word);
      value.dispatchEvent(new Event("input", { bubbles: true }));
    };

    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !event.isPrimary) return;
      event.preventDefault();
      canvas.setPointerCapture(event.pointerId);
      line = [point(event)];
      lines.push(line);
      draw();
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!line) return;
      const seen = event.getCoalescedEvents?.() || [];
      (seen.length ? seen : [event]).forEach((one) => line.push(point(one)));
      draw();
    });
    const end = () => { if (line) { line = null; keep(); } };
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", end);
    undo.addEventListener("click", () => { lines.pop(); draw(); keep(); });
    clear.addEventListener("click", () => { lines.length = 0; before = null; draw(); keep("cleared"); canvas.focus(); });

    const restore = async () => {
      const [, packed] = value.value.split(",");
      if (!packed) return;
      const bytes = Uint8Array.from(atob(packed), (sign) => sign.charCodeAt(0));
      before = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
      draw();
      tell();
    };
    draw();
    tell();
    restore().catch(() => { value.value = ""; tell(); });
  };

  const start = (scope) => {
    if (scope.matches?.("[data-signature-pad]")) prepare(scope);
    scope.querySelectorAll?.("[data-signature-pad]").forEach(prepare);
  };
  start(document);
  document.addEventListener("htmx:load", (event) => start(event.target));
})();
