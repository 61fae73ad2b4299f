/** Reads on a phone, on paper, and in the dark. */
export const style = `
:root{--ink:#1b1f24;--soft:#59636e;--line:#d9dee3;--paper:#fff;--shade:#f5f7f9;--critical:#b3261e;--warning:#8a5a00;--notice:#0b57a4;--good:#1a7a37;--accent:#0b6b78}
@media (prefers-color-scheme:dark){:root{--ink:#e4e8ec;--soft:#9aa5b1;--line:#343b43;--paper:#14181c;--shade:#1c2126;--critical:#ff8a80;--warning:#f2c14e;--notice:#8ab8ff;--good:#7ddc94;--accent:#7fd6e0}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif}
main{max-width:1180px;margin:0 auto;padding:1rem}
h1{font-size:1.4rem;margin:.5rem 0}
h2{font-size:1.1rem;margin:2rem 0 .6rem;padding-bottom:.2rem;border-bottom:1px solid var(--line)}
h3{font-size:.95rem;margin:1.2rem 0 .4rem}
h1 small,h2 small,h3 small{font-weight:400;color:var(--soft);overflow-wrap:anywhere}
small{color:var(--soft)}
p{margin:.4rem 0;overflow-wrap:anywhere;white-space:pre-wrap}
details{cursor:pointer}summary{list-style:none}summary::after{content:" ▾";color:var(--soft)}details[open] summary{color:var(--soft);margin-bottom:.3rem}
ul{margin:.4rem 0;padding-left:1.2rem}
li{margin:.3rem 0;overflow-wrap:anywhere}
code{font:13px/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;color:var(--accent);overflow-wrap:anywhere}
dl{margin:0}
dl div{display:flex;gap:.8rem;padding:.1rem 0}
dt{flex:0 0 6rem;color:var(--soft)}
dd{margin:0;min-width:0;overflow-wrap:anywhere}
article{border-left:4px solid var(--line);background:var(--shade);padding:.5rem .9rem;margin:.7rem 0;break-inside:avoid}
article h3{margin:.2rem 0 .5rem;overflow-wrap:anywhere}
article h3 span{font-weight:400;font-size:.8rem}
article.is-critical{border-color:var(--critical)}article.is-critical h3{color:var(--critical)}
article.is-warning{border-color:var(--warning)}article.is-warning h3{color:var(--warning)}
article.is-notice{border-color:var(--notice)}article.is-notice h3{color:var(--notice)}
.grade{display:flex;flex-wrap:wrap;gap:.5rem 1.2rem;align-items:center;margin:1.4rem 0}
.grade p{margin:0}
.grade .scroll{flex:1 1 20rem}
.grade td+td{white-space:normal;overflow-wrap:anywhere}
.mark{font-size:2.6rem;line-height:1;padding:.5rem 1rem;border:2px solid var(--soft);border-radius:.5rem}
.grade-A,.grade-B{color:var(--good);border-color:var(--good)}
.grade-C{color:var(--warning);border-color:var(--warning)}
.grade-D,.grade-F{color:var(--critical);border-color:var(--critical)}
.scroll{overflow-x:auto;max-width:100%}
table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .6rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--line);white-space:nowrap}
th{color:var(--soft);font-weight:500}
td.wide{white-space:normal;min-width:16rem;overflow-wrap:anywhere}
.right{text-align:right}
.branch{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;color:var(--soft);white-space:pre}
.critical{color:var(--critical)}.warning{color:var(--warning)}.notice{color:var(--notice)}.good{color:var(--good)}.accent{color:var(--accent)}.dim{color:var(--soft)}
td.strong,td.critical{font-weight:600}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(10rem,1fr));gap:.8rem;margin:.8rem 0}
figure{margin:0;padding:.5rem .6rem;background:var(--shade);break-inside:avoid}
figcaption{font-size:13px;color:var(--soft)}figcaption b{color:var(--ink)}
svg{display:block;width:100%;height:auto}
svg line{stroke:var(--line)}svg .top{stroke-dasharray:3 3}
svg polyline{fill:none;stroke:var(--accent);stroke-width:1.6}svg polygon{fill:var(--accent);opacity:.15}svg circle{fill:var(--accent)}
svg text{font-size:11px;fill:var(--soft)}
@media (max-width:600px){main{padding:.7rem}dl div{flex-direction:column;gap:0}dt{flex:none;font-size:.8rem}}
@media print{body{font-size:11px}main{max-width:none;padding:0}.scroll{overflow:visible}th,td{white-space:normal}h2{break-after:avoid}}
`;
