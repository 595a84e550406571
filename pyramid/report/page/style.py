"""How the page looks: light and dark, on a phone, in print."""

#: Colours of series, of text on `--ground`; each has a contrast of 3 or more to it, in both schemes.
STYLE = """
:root {
  color-scheme: light dark;
  --ground: #ffffff; --raised: #f4f5f7; --ink: #1b1f24; --quiet: #57606a; --line: #c9ced6; --faint: #7d8590;
  --link: #0b5cad;
  --warn: #8a4600;
  --s1: #1f6fb4; --s2: #c2410c; --s3: #15803d; --s4: #8b3fc2; --s5: #a16207; --s6: #be185d;
  --s7: #0e7490; --s8: #57606a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171b; --raised: #1e2329; --ink: #e8eaed; --quiet: #a4adb8; --line: #414a55; --faint: #828b97;
    --link: #7cb8f5;
    --warn: #f0b072;
    --s1: #63a9e8; --s2: #f08b5a; --s3: #5fc684; --s4: #c08bec; --s5: #dcb347; --s6: #f07fb2;
    --s7: #4fc3d9; --s8: #a4adb8;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
header, main, footer { max-width: 72rem; margin: 0 auto; padding: 0 1rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 1.5rem 0 .5rem; overflow-wrap: anywhere; }
p, li, summary { overflow-wrap: anywhere; }
h2 { font-size: 1.3rem; margin: 0 0 .75rem; }
h3 { font-size: 1.05rem; margin: 1.5rem 0 .5rem; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -100vw; background: var(--ground); padding: .5rem 1rem; }
.skip:focus { left: 0; top: 0; z-index: 2; }
nav ul { display: flex; flex-wrap: wrap; gap: .35rem .9rem; list-style: none; margin: 0; padding: .75rem 0; }
nav { border-block: 1px solid var(--line); }
section { padding: 1.5rem 0; border-bottom: 1px solid var(--line); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; margin: 1rem 0; }
.facts div { background: var(--raised); border-radius: .4rem; padding: .5rem .75rem; }
dt { color: var(--quiet); font-size: .85rem; }
dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: .9rem; min-width: min(100%, 22rem); }
caption { text-align: left; color: var(--quiet); padding-bottom: .35rem; overflow-wrap: anywhere; }
th, td { padding: .25rem .65rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th[scope=row] { font-weight: 500; }
td { overflow-wrap: anywhere; min-width: 6rem; max-width: 40rem; }
th[scope=row] { overflow-wrap: anywhere; min-width: 9rem; max-width: 40rem; }
.n { text-align: right; font-variant-numeric: tabular-nums; }
td.n { white-space: nowrap; overflow-wrap: normal; min-width: 0; }
.matrix td { white-space: nowrap; min-width: 0; text-align: right; padding: .2rem .45rem;
  border: 1px solid var(--ground); background: color-mix(in srgb, var(--s1) calc(var(--v, 0) * 55%), var(--raised)); }
.matrix td.right { outline: 1px solid var(--quiet); outline-offset: -2px; }
.matrix th { white-space: nowrap; max-width: 12rem; overflow: hidden; text-overflow: ellipsis; }
figure { margin: 1rem 0; }
figcaption { color: var(--quiet); font-size: .9rem; max-width: 44rem; overflow-wrap: anywhere; }
figure > svg { display: block; width: 100%; max-width: 38rem; height: auto; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 1rem; }
.broad svg, .narrow svg { display: block; width: 100%; height: auto; } .narrow { display: none; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(10.5rem, 1fr)); gap: 1rem; padding: 0;
  list-style: none; }
.pictures li { font-size: .85rem; overflow-wrap: anywhere; }
.pictures img, .pictures svg { display: inline-block; width: 9.5rem; height: auto; margin: 0 .25rem .25rem 0;
  border: 1px solid var(--line); vertical-align: top; }
.pictures.pairs { grid-template-columns: repeat(auto-fill, minmax(min(100%, 20.5rem), 1fr)); }
.boxes rect { fill: none; stroke-width: 2.5; vector-effect: non-scaling-stroke; }
.found { stroke: #2fd06c; } .missed { stroke: #ffd02e; stroke-dasharray: 7 4; }
.false { stroke: #ff5a4e; stroke-dasharray: 2 3; }
.key svg { width: 2rem; height: .9rem; vertical-align: middle; background: #333; } .key { margin-right: 1rem; }
.key rect { fill: none; stroke-width: 2.5; }
.warn { color: var(--warn); }
details { margin: .75rem 0; }
summary { cursor: pointer; color: var(--link); }
pre { overflow-x: auto; background: var(--raised); padding: .75rem; font-size: .8rem; }
footer { color: var(--quiet); font-size: .85rem; padding: 1rem; }
@media screen and (max-width: 40rem) {
  .broad { display: none; } .narrow { display: block; } th[scope=row] { max-width: 12rem; }
  .pictures:not(.pairs) { grid-template-columns: 1fr 1fr; } .pictures:not(.pairs) :is(img, svg) { width: 100%; }
  .pictures.pairs :is(img, svg) { width: 47%; }
}
@media print {
  :root { color-scheme: light; --ground: #fff; --raised: #f4f5f7; --ink: #000; --quiet: #444; --line: #bbb;
    --faint: #7d8590; --link: #000; --s1: #1f6fb4; --s2: #c2410c; --s3: #15803d; --s4: #8b3fc2; --s5: #a16207;
    --s6: #be185d; --s7: #0e7490; --s8: #57606a; }
  body { font-size: 11px; } nav, .skip { display: none; } a { text-decoration: none; }
  section { border: 0; padding: .75rem 0; } h2, h3 { break-after: avoid; }
  table { font-size: 9.5px; max-width: 100%; } th, td, td.n { padding: .15rem .35rem; white-space: normal; }
  :is(th, td):not(.n) { overflow-wrap: anywhere; min-width: 0; max-width: none; }
  .matrix :is(th, td) { overflow-wrap: anywhere; white-space: normal; min-width: 0; max-width: none; padding: .1rem; }
  figure, .pictures li, tr { break-inside: avoid; } .scroll { overflow: visible; }
  details::details-content { content-visibility: visible; display: block; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""
