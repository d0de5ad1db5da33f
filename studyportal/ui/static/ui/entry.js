/* Typing a case report form (form[data-entry]): see docs/ui.md. */
"use strict";
