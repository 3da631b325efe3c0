/** The style sheet of the emulator's pages. The content security policy names its hash. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --ink: #17202a; --soft: #5a6672; --paper: #f3f5f7; --card: #ffffff; --line: #d5dbe1;
  --accent: #0b6b57; --accent-ink: #ffffff; --wash: #e7f4f0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e9eef2; --soft: #a4b0bb; --paper: #11161b; --card: #1b2229;
  --line: #36414b; --accent: #5cc9ac; --accent-ink: #08251d; --wash: #17322b; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
header { background: #ffd84d; color: #2b2300; padding: .55rem 1rem; text-align: center; font-size: .9rem;
  border-bottom: 4px solid; border-image: repeating-linear-gradient(135deg, #2b2300 0 10px, #ffd84d 10px 20px) 4; }
header strong { letter-spacing: .14em; margin-right: .35rem; }
main { max-width: 27rem; margin: 2.5rem auto; padding: 2rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 14px; box-shadow: 0 8px 30px rgb(0 0 0 / 7%); }
h1 { margin: 0; font-size: 1.6rem; line-height: 1.2; overflow-wrap: anywhere; }
h2, legend { font-size: .8rem; font-weight: 600; color: var(--soft); margin: 0 0 .5rem; padding: 0; }
.lead { margin: .4rem 0 1.5rem; overflow-wrap: anywhere; }
fieldset { border: 0; margin: 0 0 1.5rem; padding: 0; }
.person { display: flex; align-items: center; gap: .8rem; padding: .6rem .8rem; margin-bottom: .5rem;
  border: 1px solid var(--line); border-radius: 10px; cursor: pointer; }
.person:hover { border-color: var(--accent); }
.person:has(:checked) { border-color: var(--accent); background: var(--wash); box-shadow: inset 0 0 0 1px var(--accent); }
.person:has(:focus-visible) { outline: 3px solid var(--accent); outline-offset: 2px; }
.person input { position: absolute; opacity: 0; }
.initials { flex: none; width: 2.4rem; height: 2.4rem; border-radius: 50%; display: grid; place-items: center;
  background: var(--accent); color: var(--accent-ink); font-size: .85rem; font-weight: 600; }
.who { display: grid; flex: 1; min-width: 0; line-height: 1.3; overflow-wrap: anywhere; }
.who b { font-weight: 600; }
.who small { color: var(--soft); font-size: .85rem; }
.tick { visibility: hidden; width: .5rem; height: .9rem; margin: 0 .3rem .2rem; border: solid var(--accent);
  border-width: 0 2.5px 2.5px 0; transform: rotate(45deg); }
:checked ~ .tick { visibility: visible; }
.code { display: grid; gap: .4rem; margin-bottom: 1.5rem; font-size: .8rem; font-weight: 600; color: var(--soft); }
.code input { font: 1.4rem/1.4 ui-monospace, monospace; letter-spacing: .2em; padding: .5rem .8rem; width: 100%;
  border: 1px solid var(--line); border-radius: 10px; background: transparent; color: var(--ink); }
.code input:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.scopes { margin: 0 0 1.5rem; padding: 0; list-style: none; font-size: .93rem; }
.scopes li { display: flex; justify-content: space-between; flex-wrap: wrap; gap: 0 1rem; padding: .4rem 0; border-top: 1px solid var(--line); }
code { font: .82rem/1.7 ui-monospace, monospace; color: var(--soft); overflow-wrap: break-word; max-width: 100%; }
.actions { display: grid; grid-template-columns: 2fr 1fr; gap: .7rem; margin: 0; }
button { font: inherit; font-weight: 600; padding: .7rem 1rem; border-radius: 10px; border: 1px solid var(--line);
  background: transparent; color: var(--ink); cursor: pointer; }
button:hover { border-color: var(--accent); }
button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.allow { background: var(--accent); border-color: var(--accent); color: var(--accent-ink); }
.return { margin: 1rem 0 0; font-size: .85rem; color: var(--soft); text-align: center; }
@media (max-width: 30rem) { body { background: var(--card); } main { margin: 0; border: 0; border-radius: 0; box-shadow: none; padding: 1.5rem 1.2rem; } }
`;
