/** The page's whole style; no font, image or file from elsewhere. */
export const pageStyle = `
:root { color-scheme: light dark; --paper: #faf6ef; --card: #fff; --ink: #2b2622; --soft: #8a7f75; --line: #e8dfd2;
  --stable: #5d7f6a; --rc: #b8862b; --branch: #a8324a; }
@media (prefers-color-scheme: dark) { :root { --paper: #1c1917; --card: #262220; --ink: #ede6dd; --soft: #a3978b;
  --line: #3a3430; --stable: #8fb79e; --rc: #e0b45c; --branch: #ee7d93; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1, h2 { font-family: Georgia, "Times New Roman", serif; font-weight: 500; line-height: 1.2; margin: 0; }
h1 { font-size: 2.4rem; } h2 { font-size: 1.2rem; margin-bottom: .75rem; }
header { text-align: center; margin-bottom: 2rem; } .mark { font-size: 2.2rem; margin: 0; }
.route { color: var(--soft); margin: .4rem 0 .8rem; } code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
form { font-size: .9rem; color: var(--soft); }
main { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); gap: 1.25rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 1.25rem 1.4rem; }
.answered, .order { grid-column: 1 / -1; }
ul, ol { list-style: none; margin: 0; padding: 0; } ul li { display: flex; justify-content: space-between;
  padding: .4rem 0; border-bottom: 1px dashed var(--line); } ul span, .total b { font-variant-numeric: tabular-nums; }
ol { display: flex; flex-wrap: wrap; gap: .5rem; }
.total { text-align: right; margin: .6rem 0 0; } .note, .signature { color: var(--soft); font-size: .85rem; margin: .6rem 0 0; }
.badge { display: inline-block; border: 1.5px solid currentColor; border-radius: 999px; padding: .15rem .75rem; font-size: .85rem;
  max-width: 100%; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.badge small { opacity: .75; } .stable { color: var(--stable); } .rc { color: var(--rc); } .branch { color: var(--branch); }
.problem { border-left: 3px solid var(--branch); padding-left: .75rem; margin: 0; overflow-wrap: anywhere; }
input { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .25rem .5rem; }
button { font: inherit; color: var(--card); background: var(--ink); border: 0; border-radius: 999px; padding: .35rem 1rem; cursor: pointer; }
.order button { font-size: 1.05rem; padding: .6rem 1.6rem; } button:disabled { opacity: .5; cursor: progress; }
a { color: inherit; } #result:not(:empty) { margin-top: 1rem; } #result ol { margin-top: .75rem; }
`;
