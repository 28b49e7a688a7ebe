// What waits is looked for every two seconds, while somebody sees the page. Without this, the pages load themselves again.
"use strict";

(() => {
  const every = 2000;
  const whileSeen = (look) => {
    let timer;
    const next = () => {
      clearTimeout(timer);
      if (!document.hidden) timer = setTimeout(async () => { if (await look()) next(); }, every);
    };
    document.addEventListener("visibilitychange", next);
    next();
  };

  // The first event of a project.
  const arrival = document.querySelector("[data-first]");
  if (arrival) {
    whileSeen(async () => {
      try {
        const answer = await fetch(arrival.dataset.first);
        const { html } = await answer.json();
        if (!html) return true;
        arrival.innerHTML = html;
        return false;
      } catch {
        // The collector starts again, or the sign-in ended: the next look may tell.
        return true;
      }
    });
  }

  // A part of a page that is on its way.
  const part = document.querySelector("[data-under-way]");
  if (part) {
    whileSeen(async () => {
      try {
        const answer = await fetch(location.pathname);
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const now = page.getElementById(part.id);
        if (!answer.ok || !now) return true;
        part.innerHTML = now.innerHTML;
        return "underWay" in now.dataset;
      } catch {
        return true;
      }
    });
  }
})();
