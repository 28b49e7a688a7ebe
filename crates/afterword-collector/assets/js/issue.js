// An issue. Nothing here is needed: the links lead to pages that show the same.
"use strict";

(() => {
  // All that is folded of a stack is unfolded, and folded again, without asking for another page.
  for (const link of document.querySelectorAll("a[data-unfold]")) {
    const all = link.textContent;
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const runs = document.getElementById(link.dataset.unfold).querySelectorAll("details.run");
      const open = link.textContent === all;
      for (const run of runs) run.open = open;
      link.textContent = open ? "Only the application" : all;
    });
  }
})();
