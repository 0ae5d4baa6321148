/** How the page looks, in light and in dark. One style sheet, allowed by its hash: it must hold nothing that was recorded. */

interface Colours {
  readonly [name: string]: string;
}

const LIGHT: Colours = {
  paper: "#ffffff",
  panel: "#f7f7f5",
  line: "#e3e3df",
  ink: "#1c1e21",
  soft: "#646a73",
  accent: "#1f5fdc",
  "accent-soft": "#e6eefc",
  "on-bar": "#ffffff",
  agent: "#5c6670",
  turn: "#d5dae1",
  model: "#3b6fd0",
  cell: "#b8721a",
  call: "#23805d",
  wait: "#7d9a8e",
  nested: "#5d8f3a",
  span: "#8579a8",
  failed: "#cc2f35",
  stopped: "#a04a86",
  edge: "#8450cf",
  error: "#b3261e",
  warning: "#946200",
  finding: "#6b4fb0",
  mark: "#ffe48a",
};

const DARK: Colours = {
  paper: "#15171a",
  panel: "#1b1e22",
  line: "#2d3138",
  ink: "#e4e6e9",
  soft: "#979ea8",
  accent: "#7aa7ff",
  "accent-soft": "#22304a",
  "on-bar": "#0f1114",
  agent: "#aab2bd",
  turn: "#3a414b",
  model: "#6f9cf2",
  cell: "#dca24a",
  call: "#4fb68e",
  wait: "#69877b",
  nested: "#8cbf68",
  span: "#a99cd0",
  failed: "#f0666b",
  stopped: "#d283b8",
  edge: "#b48cf2",
  error: "#ff8a80",
  warning: "#e6b450",
  finding: "#c0a6f5",
  mark: "#6b5a14",
};

function variables(colours: Colours): string {
  return Object.entries(colours)
    .map(([name, value]) => `--${name}:${value};`)
    .join("");
}

const RULES = `
*{box-sizing:border-box}
[hidden]{display:none!important}
html,body{height:100%;margin:0}
body{background:var(--paper);color:var(--ink);font:13px/1.45 system-ui,-apple-system,"Segoe UI","Noto Sans",sans-serif;-webkit-font-smoothing:antialiased}
#app{height:100%;display:flex;flex-direction:column;min-width:0}
h1,h2,h3,p,figure,dl,dd{margin:0}
h1{font-size:15px;font-weight:650;display:flex;gap:8px;align-items:center;min-width:0}
h1 bdi{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
h2{font-size:13px;font-weight:650}
h3{font-size:11px;font-weight:650;letter-spacing:.04em;text-transform:uppercase;color:var(--soft);margin-bottom:6px}
.loading,.hint{padding:32px;color:var(--soft)}
.problem-text{color:var(--error)}
bdi{unicode-bidi:isolate}
.grow{flex:1}
.cut{color:var(--soft)}
.escape{color:var(--error);font-family:ui-monospace,monospace;font-size:.86em;border:1px solid currentcolor;border-radius:3px;padding:0 2px;opacity:.85}
mark{background:var(--mark);color:inherit;border-radius:2px}
button,select,input{font:inherit;color:inherit;background:var(--paper);border:1px solid var(--line);border-radius:6px;padding:2px 8px;min-height:26px}
button{cursor:pointer;white-space:nowrap}
button:hover{border-color:var(--soft)}
button[aria-pressed=true]{background:var(--accent-soft);border-color:var(--accent);color:var(--accent)}
button.round{border-radius:50%;width:28px;height:28px;padding:0;flex:none}
:focus-visible{outline:2px solid var(--accent);outline-offset:-2px}
a{color:var(--accent);text-decoration:none}
a:hover{text-decoration:underline}
kbd{font:12px ui-monospace,monospace;border:1px solid var(--line);border-bottom-width:2px;border-radius:4px;padding:1px 5px;white-space:nowrap}

.top{display:flex;gap:10px;align-items:center;padding:8px 14px;border-bottom:1px solid var(--line)}
.what{flex:1;min-width:0}
.facts-line{color:var(--soft);display:flex;flex-wrap:wrap;gap:0 12px;font-variant-numeric:tabular-nums}
.fact{white-space:nowrap}
.source{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;font-weight:400;color:var(--soft);font-size:13px}
.search{width:260px;max-width:34vw}

.pill{font-size:11px;font-weight:600;border-radius:9px;padding:1px 8px;white-space:nowrap;flex:none;border:1px solid currentcolor;line-height:1.4;color:var(--soft)}
.pill.failed,.pill.error{color:var(--error)}
.pill.warning,.pill.running,.pill.yielded,.pill.pending{color:var(--warning)}
.pill.cancelled,.pill.aborted,.pill.terminated{color:var(--stopped)}
.pill.finding{color:var(--finding)}
.pill.completed{color:var(--call)}
.badge{font-size:11px;font-weight:600;color:var(--paper);background:var(--soft);border-radius:4px;padding:0 5px;line-height:16px;display:inline-block;flex:none;min-width:38px;text-align:center}
.badge.inference_call{background:var(--model)}
.badge.tool_call,.badge.terminal_operation,.badge.terminal_session{background:var(--call)}
.badge.code_cell{background:var(--cell)}
.badge.interaction_edge{background:var(--edge)}
.badge.thread{background:var(--ink)}
.badge.turn{background:var(--turn);color:var(--ink)}
.badge.compaction,.badge.compaction_request{background:var(--stopped)}

.problems{border-bottom:1px solid var(--line);background:var(--panel)}
.problems summary{display:flex;gap:8px;align-items:center;padding:5px 14px;cursor:pointer}
.problems summary::before{content:"▸";color:var(--soft)}
.problems[open] summary::before{content:"▾"}
.problems .list{margin:0 0 4px}
.problem{display:flex;gap:8px;align-items:baseline;padding:2px 14px 2px 28px;white-space:nowrap;cursor:pointer;height:24px}
.problem .message{overflow:hidden;text-overflow:ellipsis}
.problem .cut{max-width:36ch;overflow:hidden;text-overflow:ellipsis;flex:none}

.timeline{position:relative;display:flex;flex-direction:column;height:38%;min-height:150px;flex:none;border-bottom:1px solid var(--line);resize:vertical;overflow:hidden}
.tools{display:flex;gap:6px;align-items:center;padding:5px 14px;flex:none}
.range{color:var(--soft);font-variant-numeric:tabular-nums;white-space:nowrap;margin-left:6px}
.legend{display:flex;gap:9px;color:var(--soft);font-size:11px;margin-right:8px;overflow:hidden;white-space:nowrap}
.key{display:inline-flex;align-items:center;gap:4px}
.swatch{width:9px;height:9px;border-radius:2px;display:inline-block}
.swatch.turn{background:var(--turn)}.swatch.model{background:var(--model)}.swatch.cell{background:var(--cell)}
.swatch.call{background:var(--call)}.swatch.wait{background:var(--wait)}.swatch.nested{background:var(--nested)}
.swatch.failed{background:var(--failed)}.swatch.stopped{background:var(--stopped)}
.swatch.edge{height:2px;width:12px;background:var(--edge)}
.timeline-overview{flex:none;width:100%;height:34px;display:block;cursor:ew-resize;border-top:1px solid var(--line);border-bottom:1px solid var(--line);background:var(--panel);touch-action:none}
.timeline-scroll{flex:1;min-height:0;overflow-y:auto;overflow-x:hidden;position:relative;display:grid}
.timeline-canvas{position:sticky;top:0;grid-area:1/1;display:block;touch-action:pan-y}
.timeline-space{grid-area:1/1;pointer-events:none;width:1px}
.tip{position:absolute;z-index:3;max-width:min(420px,80%);background:var(--paper);border:1px solid var(--line);border-radius:6px;padding:5px 8px;box-shadow:0 4px 16px #0003;pointer-events:none}
.tip-preview{color:var(--soft);overflow:hidden;display:-webkit-box;-webkit-line-clamp:3;-webkit-box-orient:vertical;overflow-wrap:anywhere}

.split{flex:1;min-height:0;display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr)}
.left{display:flex;flex-direction:column;min-height:0;min-width:0;border-right:1px solid var(--line)}
.tabs{display:flex;gap:4px;align-items:center;padding:5px 14px;border-bottom:1px solid var(--line);flex:none}
.tablist{display:flex;gap:4px}
.tab{border-color:transparent;background:none}
.tab[aria-selected=true]{background:var(--accent-soft);color:var(--accent);font-weight:600}
.panel,.transcript,.search-results{flex:1;min-height:0;display:flex;flex-direction:column}
.bar{padding:6px 14px;border-bottom:1px solid var(--line)}
.agent-select{max-width:100%}
.search-state{padding:6px 14px;color:var(--soft);border-bottom:1px solid var(--line)}

.list{flex:1;min-height:0;overflow:auto;position:relative;overflow-anchor:none}
.list-space{position:relative;min-height:100%}
.list-row{position:absolute;left:0;right:0;cursor:default}
.list-row:hover{background:var(--panel)}
.list-row.active{background:var(--accent-soft)}
.list:focus-visible .list-row.active{box-shadow:inset 2px 0 var(--accent)}
.outline-row{display:flex;gap:6px;align-items:center;height:24px;padding:0 14px;white-space:nowrap}
.indent{flex:none}
.twist{flex:none;width:12px;color:var(--soft);cursor:pointer;text-align:center}
.twist.none{visibility:hidden}
.name{flex:none;max-width:46%;overflow:hidden;text-overflow:ellipsis;font-weight:500}
.preview{flex:1;min-width:0;overflow:hidden;text-overflow:ellipsis;color:var(--soft)}
.took{flex:none;color:var(--soft);font-variant-numeric:tabular-nums}

.item{padding:8px 14px 10px 17px;border-bottom:1px solid var(--line);border-left:3px solid transparent}
.item.role-user{border-left-color:var(--accent)}
.item.role-assistant,.item.reasoning{border-left-color:var(--model)}
.item.role-tool{border-left-color:var(--call)}
.item.role-system,.item.role-developer{border-left-color:var(--stopped)}
.item.kept .item-body{opacity:.62}
.item-head{display:flex;justify-content:space-between;gap:8px;font-size:11px;font-weight:600;color:var(--soft);margin-bottom:2px}
.item-number{font-weight:400;font-variant-numeric:tabular-nums}
.item-body{overflow-wrap:anywhere;max-height:22em;overflow:hidden}
.item.reasoning .item-body{font-style:italic}
.part{white-space:pre-wrap}
.part.kind-code,.part.kind-json,.item.role-tool .part{font:12px/1.5 ui-monospace,"SF Mono","Cascadia Mono","DejaVu Sans Mono",monospace}

.hit{padding:3px 14px;height:42px}
.hit-name{white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.hit-text{color:var(--soft);white-space:nowrap;overflow:hidden;text-overflow:ellipsis;font-size:12px}
.badge.event{background:var(--soft)}

.details{overflow:auto;min-height:0;min-width:0;padding:12px 18px 40px}
.details:focus-visible{outline-offset:-3px}
.title{font-size:15px;display:flex;gap:8px;align-items:center;flex-wrap:wrap;overflow-wrap:anywhere}
.sub{color:var(--soft);display:flex;flex-wrap:wrap;gap:2px 12px;margin:4px 0 0}
.sub .id{overflow-wrap:anywhere}
code,.id{font:12px ui-monospace,monospace}
.part-of{margin-top:18px}
.part-of.open-end{margin-top:18px}
.inset{height:min(42vh,420px);border:1px solid var(--line);border-radius:8px}
.answer{border-left:3px solid var(--model);padding-left:10px;margin-bottom:10px}
.answer-head{font-size:12px;margin-bottom:2px}
.text-view{margin-top:14px}
.answer .text-view,.payload .text-view,.event-body .text-view{margin-top:4px}
figcaption{font-size:11px;font-weight:650;letter-spacing:.04em;text-transform:uppercase;color:var(--soft);margin-bottom:4px}
.text{margin:0;white-space:pre-wrap;overflow-wrap:anywhere;background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:8px 10px;max-height:60vh;overflow:auto}
.text.kind-text{font:13px/1.5 system-ui,sans-serif}
.text.kind-code,.text.kind-json{font:12px/1.5 ui-monospace,"SF Mono","Cascadia Mono","DejaVu Sans Mono",monospace;tab-size:2}
.more{margin-top:6px}
.sighting{margin-bottom:3px}
.links{display:grid;grid-template-columns:minmax(90px,150px) 1fr;gap:8px;padding:2px 0}
.link-name{color:var(--soft)}
.link-nodes{display:flex;flex-wrap:wrap;gap:2px 12px;min-width:0;overflow-wrap:anywhere}
.record{border:1px solid var(--line);border-radius:8px;margin-bottom:6px}
.record summary{display:flex;gap:10px;align-items:baseline;padding:4px 10px;cursor:pointer}
.record summary::before{content:"▸";color:var(--soft)}
.record[open] summary::before{content:"▾"}
.seq{font-variant-numeric:tabular-nums}
.event-type{font:12px ui-monospace,monospace}
.event-time{color:var(--soft);margin-left:auto;font-variant-numeric:tabular-nums}
.event-body{padding:0 10px 8px}
.link{border:none;background:none;padding:0 4px;min-height:0;color:var(--soft)}
.payload{margin-top:8px}
.payload-head{font-size:12px;color:var(--soft)}
.payload-id{font:12px ui-monospace,monospace;color:var(--call)}
.all-facts{margin-top:18px}
.all-facts summary{cursor:pointer;color:var(--soft)}
.facts{display:grid;grid-template-columns:minmax(110px,max-content) 1fr;gap:2px 14px;margin-top:8px;overflow-wrap:anywhere}
.facts dt{color:var(--soft)}
.keys-dialog{border:1px solid var(--line);border-radius:12px;background:var(--paper);color:var(--ink);padding:18px 22px;max-width:min(520px,92vw)}
.keys-dialog::backdrop{background:#0006}
.keys{display:grid;grid-template-columns:max-content 1fr;gap:6px 14px;margin:12px 0}

@media (max-width:1180px){.legend{display:none}}
@media (max-width:760px){
.top{flex-wrap:wrap;padding:8px 10px}
.what{flex-basis:70%}
.search{order:5;width:100%;max-width:none;flex:1 0 100%}
.source{display:none}
#app{height:auto;min-height:100%}
.timeline{height:300px}
.split{display:block}
.left{height:60vh;border-right:none;border-bottom:1px solid var(--line)}
.details{overflow:visible;padding:12px 12px 60px}
.tools,.tabs,.bar,.search-state{padding-left:10px;padding-right:10px}
.outline-row{padding:0 10px}
.name{flex:0 1 auto;min-width:5ch;max-width:60%}
.tabs>button{display:none}
}
@media print{.timeline{resize:none}}
`;

export const PAGE_STYLE: string = [
  `:root{color-scheme:light dark;${variables(LIGHT)}}`,
  `@media (prefers-color-scheme:dark){:root{${variables(DARK)}}}`,
  `:root[data-theme=light]{color-scheme:light;${variables(LIGHT)}}`,
  `:root[data-theme=dark]{color-scheme:dark;${variables(DARK)}}`,
  RULES,
].join("\n");
