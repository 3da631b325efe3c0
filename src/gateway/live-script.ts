/**
 * Keeps the grant's view current: asks for it every second and changes only what differs, so that focus and selection stay. The
 * content security policy names its hash. Without it the page is reloaded by a `noscript` refresh.
 */
export const LIVE_SCRIPT = `
(() => {
  const view = document.getElementById('live');
  const lost = document.getElementById('lost');
  const alike = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName;
  const settle = (old, next) => {
    if (old.nodeType !== 1) { if (old.data !== next.data) old.data = next.data; return; }
    for (const { name } of [...old.attributes]) if (!next.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of next.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    const parts = [...next.childNodes];
    while (old.childNodes.length > parts.length) old.lastChild.remove();
    parts.forEach((part, at) => {
      const present = old.childNodes[at];
      if (!present) old.append(part);
      else if (alike(present, part)) settle(present, part);
      else present.replaceWith(part);
    });
  };
  const look = async () => {
    try {
      const answer = await fetch('/grant', { cache: 'no-store', redirect: 'error' });
      if (answer.status === 401) { location.assign('/'); return; }
      if (!answer.ok) throw new Error(String(answer.status));
      const next = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('live');
      if (next) settle(view, next);
      lost.hidden = true;
    } catch {
      lost.hidden = false;
    }
    setTimeout(look, document.hidden ? 5000 : 1000);
  };
  setTimeout(look, 1000);
})();
`;
