// What every page has. Nothing here is needed: all works without it, by links and forms.
"use strict";

(() => {
  // A menu closes when the focus or a click goes elsewhere, or with Escape.
  const menus = () => document.querySelectorAll("details.menu[open]");
  const closeOthers = (target) => {
    for (const menu of menus()) if (!menu.contains(target)) menu.open = false;
  };
  document.addEventListener("click", (event) => closeOthers(event.target));
  document.addEventListener("focusin", (event) => closeOthers(event.target));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of menus()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  // A form is sent once, however often its button is pressed.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  });
  addEventListener("pageshow", () => {
    for (const form of document.forms) delete form.dataset.sent;
  });

  // What a button names is copied; it says so.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText((source.value ?? source.textContent).trim());
      button.textContent = "Copied";
    } catch {
      // Not allowed, or not over HTTPS: it is selected, to be copied by hand.
      getSelection().selectAllChildren(source);
      button.textContent = "Selected";
    }
  });
  // Without a script these would do nothing.
  for (const button of document.querySelectorAll("button[data-copy][hidden]")) button.hidden = false;
})();
