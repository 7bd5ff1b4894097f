import { html, raw } from 'hono/html'
import { formatTime } from './account-page.ts'
import { page, type Markup } from './layout.ts'

/** What somebody is asked before a machine without a browser is signed in as them. */
export interface DeviceQuestion {
  /** `WDJB-MJHT` */
  readonly code: string
  /** As the machine says; empty when it says nothing. */
  readonly host: string
  readonly command: string
  /** As the gateway saw it. */
  readonly address: string
  /** Who approves: a name or an email address. */
  readonly person: string
  readonly untilMs: number
  /** Names of the routes that the machine could use now. */
  readonly routes: readonly string[]
  readonly formToken: string
  /** Lets the machine have this browser's session; undefined where it gets one of its own. */
  readonly signInToken: string | undefined
}

/** What became of a machine, for its person to compare. */
export interface SignedInMachine {
  readonly host: string
  readonly command: string
  readonly person: string
  /** Host name of the gateway. */
  readonly gateway: string
  readonly untilMs: number
}

/** Fields of the form. `confirmed` repeats the code: a checkbox that the person has to tick. */
export const deviceFields = {
  code: 'code',
  formToken: 'form_token',
  signInToken: 'sign_in_token',
  confirmed: 'confirmed',
  decision: 'decision',
} as const

const action = '/.postern/device'
/** @limit routes that the page of a machine names: the rest is counted */
const maxListedRoutes = 20

/** What a page says that asks for a code. */
export interface CodePageWords {
  readonly heading: string
  readonly lead: string
  /** Where the form goes. */
  readonly action: string
}

const deviceWords: CodePageWords = {
  heading: 'Sign in a machine without a browser',
  lead: 'Type the code that "postern" shows in the terminal of that machine.',
  action,
}

/** Asks for the code; `fault` says what is wrong with the one that was typed. */
export function deviceCodePage(fault?: string, words: CodePageWords = deviceWords): string {
  const body = html`<h1>${words.heading}</h1>
    <p>${words.lead}</p>
    ${fault === undefined ? '' : html`<p class="fault" role="alert" id="fault">${fault}</p>`}
    <form method="get" action="${words.action}">
      <label for="code">Code</label>
      <input
        id="code"
        name="${deviceFields.code}"
        class="code"
        type="text"
        required
        autofocus
        autocomplete="off"
        autocapitalize="characters"
        spellcheck="false"
        maxlength="20"
        placeholder="XXXX-XXXX"
        ${fault === undefined ? '' : raw('aria-invalid="true" aria-describedby="fault"')}
      />
      <button class="main">Continue</button>
    </form>`
  return page(words.heading, body)
}

/** Shows what asks for what. Nothing is granted before the box is ticked and the button pressed. */
export function deviceQuestionPage(question: DeviceQuestion): string {
  const { code, host, command, address, person, untilMs, formToken, signInToken } = question
  const body = html`<h1>Sign in this machine as you?</h1>
    <p class="code">${code}</p>
    <dl>
      <dt>It calls itself</dt>
      <dd>${said(host)}</dd>
      <dt>Its address</dt>
      <dd><code>${address}</code></dd>
      <dt>It runs</dt>
      <dd>${said(command)}</dd>
      <dt>It will be</dt>
      <dd>${person}</dd>
      <dt>Until</dt>
      <dd><time>${formatTime(untilMs)}</time></dd>
      <dt>It can use</dt>
      <dd>${routeNames(question.routes)}</dd>
    </dl>
    <p class="warning">
      Did somebody send you this code or a link to this page? Then deny it: they would be signed in
      as you.
    </p>
    <form method="post" action="${action}">
      <input type="hidden" name="${deviceFields.code}" value="${code}" />
      <input type="hidden" name="${deviceFields.formToken}" value="${formToken}" />
      ${
        signInToken === undefined
          ? ''
          : html`<input type="hidden" name="${deviceFields.signInToken}" value="${signInToken}" />`
      }
      <label class="tick">
        <input type="checkbox" name="${deviceFields.confirmed}" value="${code}" required />
        <span>I started this, and my terminal shows <strong>${code}</strong></span>
      </label>
      <div class="choices">
        <button class="main" name="${deviceFields.decision}" value="approve">Sign it in</button>
        <button name="${deviceFields.decision}" value="deny" formnovalidate>Deny</button>
      </div>
    </form>`
  return page('Sign in a machine', body)
}

/** What the person sees at the end; undefined for somebody who has only opened its address. */
export function deviceDonePage(machine: SignedInMachine | undefined): string {
  const body = html`<h1>The machine is signed in</h1>
    ${
      machine &&
      html`<dl>
        <dt>As</dt>
        <dd>${machine.person}</dd>
        <dt>Machine</dt>
        <dd>${said(machine.host)}</dd>
        <dt>Program</dt>
        <dd>${said(machine.command)}</dd>
        <dt>Gateway</dt>
        <dd>${machine.gateway}</dd>
        <dt>Until</dt>
        <dd><time>${formatTime(machine.untilMs)}</time></dd>
      </dl>`
    }
    <p class="after">
      Go back to its terminal; it goes on by itself within seconds. You can close this page.
    </p>
    <p class="quiet">
      It has a session of its own: signing out here does not end it, "postern logout" there does,
      and
      <a href="/">your page</a> at this gateway, which lists where you are signed in.
    </p>`
  return page('Signed in', body)
}

/** What the person sees after a no. */
export function deviceDeniedPage(): string {
  const body = html`<h1>Denied</h1>
    <p>The machine is not signed in, and its code is void.</p>
    <p><a href="/">Your page at this gateway</a></p>
    <p class="quiet">If somebody sent you the code, tell whoever runs this gateway.</p>`
  return page('Denied', body)
}

export function said(text: string): Markup {
  return text === '' ? html`<span class="quiet">it does not say</span>` : html`<code>${text}</code>`
}

function routeNames(routes: readonly string[]): Markup {
  if (routes.length === 0) return html`<span class="quiet">no route now</span>`
  const listed = routes.slice(0, maxListedRoutes).join(', ')
  const more = routes.length - maxListedRoutes
  return html`${listed}${more > 0 ? ` and ${more} more` : ''}`
}
