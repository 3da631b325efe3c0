/** The style sheet of the gateway's pages. The content security policy names its hash. */
export const PAGE_STYLE = `
:root{color-scheme:light dark;--ground:#f4f6f8;--card:#fff;--text:#14181d;--soft:#56616d;--line:#dce2e8;--track:#e6ebf0;--accent:#0a63c9;--on:#fff;
--good:#0f7b47;--good-wash:#e5f5ec;--warn:#8f5600;--warn-wash:#fdf1dc;--bad:#b3261e;--bad-wash:#fdecea}
@media(prefers-color-scheme:dark){:root{--ground:#101418;--card:#1a2027;--text:#eef2f6;--soft:#9eabb8;--line:#2d3742;--track:#2b343e;--accent:#6cb2ff;--on:#0b1117;
--good:#5fd49a;--good-wash:#15332a;--warn:#f0b45a;--warn-wash:#372a14;--bad:#ff9a92;--bad-wash:#3b1f1f}}
*{box-sizing:border-box}
[hidden]{display:none!important}
body{margin:0;min-height:100vh;display:flex;flex-direction:column;background:var(--ground);color:var(--text);font:1rem/1.55 system-ui,sans-serif}
.demo{padding:.55rem 1rem;background:#ffd84d;color:#2b2300;text-align:center;font-size:.9rem}
.demo b{letter-spacing:.12em;margin-right:.4rem}
main{flex:1;width:100%;max-width:46rem;margin:0 auto;padding:2rem 1.25rem 3rem;display:flex;flex-direction:column;gap:1.25rem}
main.narrow{max-width:32rem;justify-content:center}
h1{margin:0;font-size:1.35rem;line-height:1.25;overflow-wrap:anywhere;text-wrap:balance}
h2{margin:0 0 1rem;font-size:1.02rem}
p{margin:0}
code{font:.86em/1.5 ui-monospace,monospace;overflow-wrap:anywhere}
.soft{color:var(--soft)}
.card{padding:1.5rem;background:var(--card);border:1px solid var(--line);border-radius:1rem}
.hero{padding:2.75rem 2.25rem;text-align:center}
.hero h1{font-size:2rem;letter-spacing:-.02em}
.hero p{margin:.75rem auto 2rem;max-width:24rem;color:var(--soft);text-wrap:balance}
.button,button{display:inline-block;padding:.6rem 1.1rem;border:1px solid var(--line);border-radius:.6rem;background:var(--card);color:var(--text);font:inherit;font-weight:600;text-decoration:none;cursor:pointer}
.button:hover,button:hover{border-color:var(--accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:3px}
.primary,.primary:hover{background:var(--accent);border-color:var(--accent);color:var(--on)}
.primary:hover{filter:brightness(1.08)}
.danger{color:var(--bad)}
.danger:hover{border-color:var(--bad)}
.large{padding:.9rem 1.9rem;font-size:1.1rem}
.person{display:flex;align-items:center;gap:1rem;flex-wrap:wrap}
.initials{flex:none;width:3.1rem;height:3.1rem;border-radius:50%;display:grid;place-items:center;background:var(--accent);color:var(--on);font-weight:600}
.who{flex:1;min-width:11rem}
.who p{color:var(--soft);overflow-wrap:anywhere}
.state{display:flex;gap:.85rem;align-items:baseline;margin-bottom:1.5rem}
.badge{flex:none;padding:.12rem .7rem;border-radius:2rem;font-size:.9rem;font-weight:600;background:var(--good-wash);color:var(--good)}
.badge::before{content:"";display:inline-block;width:.5rem;height:.5rem;margin-right:.45rem;border-radius:50%;background:currentColor}
.badge.suspect{background:var(--warn-wash);color:var(--warn)}
.badge.dead{background:var(--bad-wash);color:var(--bad)}
.countdown{display:flex;justify-content:space-between;gap:1rem;margin-bottom:.4rem;font-variant-numeric:tabular-nums}
.countdown b{font-weight:600}
progress{display:block;width:100%;height:.7rem;border:0;border-radius:1rem;overflow:hidden;background:var(--track);appearance:none;color:var(--good)}
progress::-webkit-progress-bar{background:var(--track)}
progress::-webkit-progress-value{background:var(--good);border-radius:1rem;transition:inline-size 1s linear}
progress::-moz-progress-bar{background:var(--good);border-radius:1rem}
progress.due::-webkit-progress-value{background:var(--warn)}
progress.due::-moz-progress-bar{background:var(--warn)}
@media(prefers-reduced-motion:reduce){progress::-webkit-progress-value{transition:none}}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:1.1rem 1.25rem;margin:1.5rem 0 0}
.facts dt{color:var(--soft);font-size:.88rem}
.facts dd{margin:0;font-weight:600;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.facts .wide{grid-column:1/-1}
.scopes{display:flex;flex-wrap:wrap;gap:.4rem;margin:.3rem 0 0;padding:0;list-style:none}
.scopes li{padding:.08rem .6rem;border:1px solid var(--line);border-radius:.45rem;font-weight:400}
.scopes .missing{border-style:dashed;border-color:var(--bad);color:var(--bad)}
.actions{display:flex;flex-wrap:wrap;gap:.7rem;align-items:center}
#live{display:contents}
.after{margin-top:1.25rem}
.actions .apart{margin-left:auto}
.notice{padding:.75rem 1.1rem;border-radius:.7rem}
.notice.good{background:var(--good-wash);color:var(--good)}
.notice.bad{background:var(--warn-wash);color:var(--warn)}
pre{margin:0;padding:1rem;max-height:22rem;overflow:auto;border-radius:.6rem;background:var(--ground);font:.83rem/1.55 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere}
.result h2{display:flex;align-items:center;gap:.7rem;flex-wrap:wrap}
.history{margin:0;padding:0;list-style:none}
.history li{display:flex;justify-content:space-between;gap:1.5rem;padding:.5rem 0;border-top:1px solid var(--line)}
.history li:first-child{border-top:0;padding-top:0}
.history li:last-child{padding-bottom:0}
.history time{flex:none;color:var(--soft);font-size:.9rem;font-variant-numeric:tabular-nums}
.history .bad{color:var(--bad)}
.problem dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;margin:1.75rem 0 0;padding-top:1.25rem;border-top:1px solid var(--line);color:var(--soft);font-size:.88rem}
.problem dd{margin:0;font-family:ui-monospace,monospace;overflow-wrap:anywhere}
.problem p{margin:.75rem 0 1.5rem;color:var(--soft)}
@media(max-width:30rem){.actions>*,.actions button{width:100%}.history li{display:block}.state{display:block}.badge{display:inline-block;margin-bottom:.5rem}}
`;
