"use strict";
// Replace the content by a fresh copy every few seconds. Keep the scroll position, the open parts and the focus.
const seconds = Number(document.body.dataset.refresh);

function openParts() {
  return [...document.querySelectorAll("details[id][open]")].map((part) => part.id);
}

function isBusy() {
  const active = document.activeElement;
  return document.hidden || !getSelection().isCollapsed || (active && ["INPUT", "SELECT"].includes(active.tagName));
}

function replaceContent(fresh) {
  const open = openParts();
  const focused = document.activeElement && document.activeElement.getAttribute("href");
  for (const id of open) {
    const part = fresh.getElementById(id);
    if (part) part.open = true;
  }
  document.title = fresh.title;
  document.querySelector("main").replaceWith(document.adoptNode(fresh.querySelector("main")));
  const updated = fresh.querySelector("#updated");
  if (updated) document.querySelector("#updated").replaceWith(document.adoptNode(updated));
  if (focused) {
    const link = [...document.querySelectorAll("main a")].find((each) => each.getAttribute("href") === focused);
    if (link) link.focus({ preventScroll: true });
  }
}

async function refresh() {
  if (!isBusy()) {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (!answer.ok) throw new Error(String(answer.status));
      replaceContent(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      document.querySelector("#stale").hidden = false;
    }
  }
  setTimeout(refresh, seconds * 1000);
}

if (seconds > 0) setTimeout(refresh, seconds * 1000);
