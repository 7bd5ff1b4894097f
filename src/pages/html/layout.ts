import { createHash } from 'node:crypto'
import { html, raw } from 'hono/html'

/** Markup that is safe to send: everything put into it has been escaped. */
export type Markup = ReturnType<typeof html>

// System fonts and colours only: nothing is fetched, and both themes follow the machine's.
const style = `
:root { color-scheme: light dark; --accent: #0b6bcb; --line: #8883; --quiet: #667; --bad: #b3261e; --card: #fff; --page: #f4f5f7; --ink: #16181d }
@media (prefers-color-scheme: dark) { :root { --accent: #7ab8ff; --quiet: #9aa3b2; --bad: #ff8a80; --card: #1c1f26; --page: #121419; --ink: #e8eaf0 } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; grid-template-columns: minmax(0, 1fr); place-items: start center; padding: 12vh 16px 32px; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
main { width: 100%; max-width: 34rem; background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 28px 32px; overflow-wrap: anywhere }
h1 { font-size: 1.35rem; line-height: 1.3; margin: 0 0 12px }
h2 { font-size: 1rem; margin: 24px 0 8px }
p { margin: 0 0 12px }
.quiet, dt { color: var(--quiet) }
.mark { color: var(--accent); font-weight: 600; letter-spacing: .02em; margin: 0 0 20px }
.bad h1 { color: var(--bad) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 16px; margin: 16px 0 0 }
dd { margin: 0 }
ul { margin: 0; padding: 0; list-style: none }
li { border-top: 1px solid var(--line); padding: 10px 0 }
code { font: .9em ui-monospace, monospace }
code span { display: inline-block; max-width: 100%; white-space: pre-wrap }
pre { margin: 6px 0 0; padding: 8px 12px; border: 1px solid var(--line); border-radius: 8px; font: .9em/1.5 ui-monospace, monospace; white-space: pre-wrap }
pre code { font: inherit }
pre + p { margin-top: 12px }
.after { margin-top: 16px }
main > :last-child { margin-bottom: 0 }
a { color: var(--accent) }
button, .button { display: inline-block; font: inherit; font-weight: 600; padding: 8px 18px; border-radius: 8px; border: 1px solid var(--accent); background: transparent; color: var(--accent); cursor: pointer; text-decoration: none }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
form { margin: 20px 0 0 }
form + p { margin-top: 16px }
button.main { background: var(--accent); color: var(--card) }
label { font-weight: 600 }
fieldset { margin: 0 0 16px; padding: 8px 14px; border: 1px solid var(--line); border-radius: 8px }
legend { padding: 0 6px; font-weight: 600 }
.tick + .tick { margin-top: 6px }
input[type=text] { display: block; width: 100%; margin: 6px 0 16px; padding: 10px 12px; border: 1px solid var(--quiet); border-radius: 8px; background: var(--page); color: var(--ink) }
input[type=text]:not(.code) { font: inherit }
.code { font: 600 1.5rem/1.4 ui-monospace, monospace; letter-spacing: .08em }
.fault { color: var(--bad) }
.warning { margin: 20px 0 0; padding: 2px 0 2px 14px; border-left: 3px solid var(--bad) }
.tick { display: flex; gap: 10px; font-weight: 400 }
.tick input { flex: none; width: 1.2rem; height: 1.2rem; margin: .15rem 0 0; accent-color: var(--accent) }
.way { display: flex; flex-wrap: wrap; gap: 2px 12px; justify-content: space-between; padding: 12px 16px; border: 1px solid var(--line); border-radius: 8px; font-weight: 600; text-decoration: none }
.way:hover { border-color: var(--accent) }
.way .quiet { font-weight: 400 }
.ways li { border: 0; padding: 0 }
.ways li + li { margin-top: 8px }
.note { margin: 20px 0 0; padding: 2px 0 2px 14px; border-left: 3px solid var(--accent) }
h1 + .note { margin-top: 0 }
.row { display: flex; flex-wrap: wrap; gap: 8px 12px; align-items: end; margin: 8px 0 0 }
.row label { flex: 1 1 12rem }
.row input[type=text] { margin-bottom: 0; padding: 7px 12px; font-weight: 400 }
.choices { display: flex; flex-wrap: wrap; gap: 12px; margin: 16px 0 0 }
@media (max-width: 30rem) { body { padding: 16px 12px } main { padding: 20px } dl { grid-template-columns: 1fr; gap: 0 } dd { margin-bottom: 8px } }
`

// Put together here: the hash is of every character between the tags, and a formatter may move those
// of a template.
const styleElement = `<style>${style}</style>`
const styleHash = createHash('sha256').update(style).digest('base64')

const contentSecurity = `default-src 'none'; style-src 'sha256-${styleHash}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`

/** Sent with every page: no script, no frame, nothing from elsewhere. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': contentSecurity,
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  // Not `no-referrer`: browsers would send `Origin: null` with the sign-out form.
  'referrer-policy': 'same-origin',
}

/** Sent with a page that has a script: a file of ours, which makes no markup and asks nobody. */
export const scriptedHeaders: Readonly<Record<string, string>> = {
  ...securityHeaders,
  'content-security-policy': `${contentSecurity}; script-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'`,
}

/** A whole page; `kind` colours its heading, `script` is the path of the one that it has. */
export function page(
  title: string,
  body: Markup,
  kind: 'plain' | 'bad' = 'plain',
  script?: string,
): string {
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · Postern</title>
        ${raw(styleElement)}
        ${script === undefined ? '' : html`<script type="module" src="${script}"></script>`}
      </head>
      <body>
        <main class="${kind}">
          <p class="mark">Postern</p>
          ${body}
        </main>
      </body>
    </html>`
  // Nothing above is a promise, so neither is the whole. Hono's escaped strings are String objects;
  // `concat` answers a plain one.
  return (document as string).concat('')
}
