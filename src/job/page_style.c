#include "job/page_style.h"

#include <stddef.h>

/* One rule a line, so that it can be read as a style sheet; what belongs together follows each other. */

/* clang-format off */
static const char *const rules[] = {
    /* Colours: those of Okabe and Ito, a little lighter in the dark, and greys for what is no real work. */
    ":root{color-scheme:light dark;--paper:#faf9f6;--card:#fff;--ink:#1d1f22;--soft:#62666c;--line:#e3e0da;"
      "--track:#f0eee9;--good:#00734f;--bad:#b3400a;--bad-paper:#fdf1ea;--start:#c3c0b8;--sample:#73777d;"
      "--read:#56b4e9;--inflate:#cc79a7;--map:#0072b2;--seal:#12395a;--try:#d2bf00;--reduce:#e69f00;--merge:#cc79a7;"
      "--write:#009e73;--crash:#d55e00;--wait:#e3e0da}\n",
    "@media screen and (prefers-color-scheme:dark){\n",
      ":root{--paper:#121416;--card:#1a1d20;--ink:#e9e7e3;--soft:#9ca0a6;--line:#2e3236;--track:#24282c;"
        "--good:#3cc296;--bad:#ff8d4d;--bad-paper:#2a1c14;--start:#575b60;--sample:#83888e;--read:#6cc0f0;"
        "--inflate:#d98bb6;--map:#2e93d6;--seal:#9fcbee;--try:#e8d93a;--reduce:#eeb033;--merge:#d98bb6;--write:#1fb48a;"
        "--crash:#ff7a33;--wait:#33383d}\n",
    "}\n",
    ".start{--c:var(--start)}.sample{--c:var(--sample)}.read{--c:var(--read)}.inflate{--c:var(--inflate)}\n",
    ".map{--c:var(--map)}.seal{--c:var(--seal)}.try{--c:var(--try)}.reduce{--c:var(--reduce)}\n",
    ".merge{--c:var(--merge)}.write{--c:var(--write)}.crash{--c:var(--crash)}.wait{--c:var(--wait)}\n",
    /* The page. */
    "*{box-sizing:border-box}\n",
    "body{margin:0;background:var(--paper);color:var(--ink);"
      "font:16px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,\"Noto Sans\",\"Liberation Sans\",sans-serif;"
      "font-variant-numeric:tabular-nums;-webkit-text-size-adjust:100%}\n",
    "main{max-width:66rem;margin:0 auto;padding:clamp(1.25rem,4vw,3rem) clamp(1rem,4vw,2.5rem)}\n",
    "p{margin:0}\n",
    "a{color:inherit}\n",
    ".eyebrow{color:var(--soft);font-size:.8125rem;letter-spacing:.02em}\n",
    "h1{display:flex;flex-wrap:wrap;align-items:center;gap:.35em .5em;margin:.1em 0 .2em;"
      "font-size:clamp(1.75rem,6vw,2.5rem);line-height:1.15;letter-spacing:-.02em;overflow-wrap:anywhere}\n",
    "h2{margin:0 0 .9rem;font-size:1.125rem;line-height:1.3;letter-spacing:-.005em}\n",
    "h3{margin:0;font-size:.9375rem;font-weight:600}\n",
    ".badge{display:inline-flex;align-items:center;gap:.4em;padding:.25em .75em;border:1.5px solid;"
      "border-radius:2em;font-size:.875rem;font-weight:600;letter-spacing:0;line-height:1.3;color:var(--bad)}\n",
    ".badge.good{color:var(--good)}\n",
    ".lead{color:var(--soft);overflow-wrap:anywhere}\n",
    /* What it says at a glance, and what went wrong. */
    ".tiles{display:flex;flex-wrap:wrap;gap:1px;margin:1.5rem 0 0;"
      "background:var(--line);border:1px solid var(--line);border-radius:12px;overflow:hidden}\n",
    ".tile{flex:1 1 10.5rem;background:var(--card);padding:1rem 1.15rem 1.05rem;min-width:0}\n",
    ".tile dt{color:var(--soft);font-size:.8125rem}\n",
    ".tile dd{margin:0;overflow-wrap:anywhere}\n",
    ".tile .value{font-size:1.75rem;line-height:1.25;font-weight:600;letter-spacing:-.02em}\n",
    ".tile .unit{font-size:1rem;font-weight:500;letter-spacing:0;color:var(--soft)}\n",
    ".tile .note{color:var(--soft);font-size:.875rem;line-height:1.4}\n",
    ".tile.bad .value{color:var(--bad)}\n",
    "@media(max-width:30rem){\n",
      ".tile{flex-basis:40%;padding:.8rem .9rem}\n",
      ".tile .value{font-size:1.375rem}\n",
      ".tile .unit{font-size:.875rem}\n",
    "}\n",
    ".advice{margin:1rem 0 0;padding:0 0 0 1rem;border-left:3px solid var(--map)}\n",
    ".wrong{margin:1.5rem 0 0;padding:1rem 1.15rem;border:1px solid var(--bad);border-radius:12px;"
      "background:var(--bad-paper);overflow-wrap:anywhere}\n",
    ".wrong strong{display:block;color:var(--bad)}\n",
    "section{margin:2.75rem 0 0}\n",
    "code{font-family:ui-monospace,\"SF Mono\",Menlo,Consolas,\"DejaVu Sans Mono\",\"Liberation Mono\",monospace}\n",
    "code{font-size:.875em;overflow-wrap:anywhere}\n",
    ".card code{white-space:pre-wrap}\n",
    /* Charts. */
    "figure{margin:0 0 1.75rem}\n",
    "figcaption{display:flex;flex-wrap:wrap;align-items:baseline;gap:.1rem .9rem;margin:0 0 .5rem}\n",
    "figcaption .note,.hint{color:var(--soft);font-size:.8125rem}\n",
    "p.hint{margin:-.5rem 0 .5rem}\n",
    ".plot{padding-left:2rem}\n",
    "svg{display:block;overflow:visible}\n",
    "svg.clip{overflow:hidden}\n",
    "svg text{fill:var(--soft);font-size:11px}\n",
    "svg .value{stroke:var(--paper);stroke-width:3px;stroke-linejoin:round;paint-order:stroke}\n",
    "svg .name{fill:var(--ink);font-weight:600}\n",
    ".fill{fill:var(--c)}\n",
    ".whole .fill{stroke:var(--paper);stroke-width:1.5}\n",
    ".area{fill:var(--c);fill-opacity:.16}\n",
    ".curve{fill:none;stroke:var(--c);stroke-width:1.75;stroke-linejoin:round;vector-effect:non-scaling-stroke}\n",
    ".work{fill:none;stroke:var(--c)}\n",
    ".track{fill:var(--track)}\n",
    ".grid{stroke:var(--line);shape-rendering:crispEdges}\n",
    ".limit{stroke:var(--bad);stroke-dasharray:4 3}\n",
    ".average{stroke:var(--ink);stroke-dasharray:2 3}\n",
    ".mark path{fill:none;stroke:var(--crash);stroke-width:2.5;stroke-linecap:round}\n",
    ".mark circle,.mark path:first-child{fill:var(--card);stroke:var(--crash);stroke-width:1.5}\n",
    /* Legends, tables and lists. */
    ".legend{display:flex;flex-wrap:wrap;gap:.15rem 1.1rem;margin:0;padding:0;list-style:none;font-size:.8125rem}\n",
    ".legend li{display:flex;align-items:baseline;gap:.45em}\n",
    ".legend .note{color:var(--soft)}\n",
    ".legend svg{flex:none;align-self:center}\n",
    ".whole+.legend{margin:.7rem 0 0}\n",
    ".whole{border-radius:4px}\n",
    ".swatch{flex:none;width:.7em;height:.7em;border-radius:2px;background:var(--c)}\n",
    "td .swatch{display:inline-block}\n",
    "table{border-collapse:collapse;width:100%;font-size:.875rem}\n",
    "th,td{padding:.4rem .75rem .4rem 0;border-bottom:1px solid var(--line);text-align:left;"
      "vertical-align:baseline}\n",
    "th{color:var(--soft);font-weight:500}\n",
    ".number{text-align:right;white-space:nowrap}\n",
    ".narrow{width:1%}\n",
    "td:last-child,th:last-child{padding-right:0}\n",
    "td.wide{width:50%;vertical-align:middle}\n",
    "td.key{overflow-wrap:anywhere;min-width:8rem}\n",
    "td.key code{white-space:pre-wrap}\n",
    "@media screen and (max-width:30rem){.roomy{display:none}}\n",
    "h3+p.hint{margin:.1rem 0 .5rem}\n",
    "table+h3,.scroll+h3{margin:1.75rem 0 0}\n",
    ".stages{margin:1rem 0 0;padding:0;list-style:none}\n",
    ".stages li{padding:0 0 1rem}\n",
    ".stages p{display:flex;flex-wrap:wrap;align-items:baseline;gap:0 .5em;margin:0;overflow-wrap:anywhere}\n",
    ".stages .time{margin-left:auto;font-weight:600}\n",
    ".scroll{overflow-x:auto}\n",
    ".any{overflow-wrap:anywhere}\n",
    "details{margin:.75rem 0 0}\n",
    "summary{color:var(--soft);font-size:.8125rem;cursor:pointer}\n",
    "details[open] summary{margin:0 0 .5rem}\n",
    ".facts{display:grid;grid-template-columns:minmax(6rem,auto) 1fr;margin:0;font-size:.875rem}\n",
    ".facts dt,.facts dd{margin:0;padding:.4rem 0;border-bottom:1px solid var(--line)}\n",
    ".facts dt{color:var(--soft);padding-right:1rem}\n",
    ".facts dd{overflow-wrap:anywhere;min-width:0}\n",
    ".card{margin:.75rem 0 0}\n",
    ".columns,.three{display:grid;gap:0 3rem;align-items:start}\n",
    ".columns{grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr))}\n",
    ".three{grid-template-columns:repeat(auto-fit,minmax(min(100%,17rem),1fr));gap:1.25rem 2.5rem}\n",
    ".three h3{padding:0 0 .25rem}\n",
    "footer{margin:3rem 0 0;padding:1rem 0 0;border-top:1px solid var(--line);color:var(--soft);font-size:.8125rem}\n",
    /* On paper. */
    "@page{margin:14mm}\n",
    "@media print{\n",
      "body{background:#fff;font-size:11pt}\n",
      "main{padding:0;max-width:none}\n",
      "*{-webkit-print-color-adjust:exact;print-color-adjust:exact}\n",
      "figure,.tiles,.wrong,tr{break-inside:avoid}\n",
      "h2,h3{break-after:avoid}\n",
      "details::details-content{content-visibility:visible;height:auto}\n",
    "}\n",
    NULL};
/* clang-format on */

const char *const *mr_page_style(void) {
    return rules;
}
