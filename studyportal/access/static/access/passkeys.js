/* Passkeys: joins allauth's WebAuthn functions to the forms that carry data-passkey ("add", "authenticate", "login"). */
"use strict";
(() => {
  const ways = window.allauth?.webauthn?.forms;
  const show = (selector, shown) => document.querySelectorAll(selector).forEach((part) => { part.hidden = !shown; });
  if (!ways || !window.PublicKeyCredential || !window.isSecureContext) return;
  show("[data-passkey-unsupported]", false);
  document.querySelectorAll("[data-needs-passkey]").forEach((part) => { part.hidden = false; part.disabled = false; });
  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    show("[data-passkey-failed]", true);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-needs-passkey]")) show("[data-passkey-failed]", false);
  }, true);
  document.querySelectorAll("form[data-passkey]").forEach((form) => {
    const kind = form.dataset.passkey;
    const ids = { credential: "id_credential", data: "passkey-options", [kind]: "passkey-button" };
    if (document.getElementById("id_passwordless")) ids.passwordless = "id_passwordless";
    ways[`${kind}Form`]({ ids });
  });
})();
