import { html, raw } from 'hono/html'
import { formatTime } from './account-page.ts'
import { deviceFields, said } from './device-page.ts'
import { page } from './layout.ts'

/** What somebody is asked before a machine may publish in their name. */
export interface PublishQuestion {
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
  /** The sites that they may publish to. */
  readonly sites: readonly string[]
  readonly formToken: string
}

/** Field of the form: the site that was chosen. */
export const siteField = 'site'

const action = '/.postern/publish'
const title = 'Publish from a machine'

/** Shows what asks for what. Nothing is granted before the box is ticked and the button pressed. */
export function publishQuestionPage(question: PublishQuestion): string {
  const { code, host, command, address, person, untilMs, sites, formToken } = question
  const body = html`<h1>Let this machine publish as you?</h1>
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
      <dt>It can</dt>
      <dd>make and delete tunnels and host names of the site, and read their tokens</dd>
      <dt>It cannot</dt>
      <dd>reach any service, or let anybody reach one</dd>
    </dl>
    <p class="warning">
      Did somebody send you this code or a link to this page? Then deny it: they would publish in
      your name.
    </p>
    <form method="post" action="${action}">
      <input type="hidden" name="${deviceFields.code}" value="${code}" />
      <input type="hidden" name="${deviceFields.formToken}" value="${formToken}" />
      <fieldset>
        <legend>Site</legend>
        ${sites.map((site) => {
          const isOnly = sites.length === 1 ? raw('checked') : ''
          return html`<label class="tick">
            <input type="radio" name="${siteField}" value="${site}" required ${isOnly} />
            <span>${site}</span>
          </label>`
        })}
      </fieldset>
      <label class="tick">
        <input type="checkbox" name="${deviceFields.confirmed}" value="${code}" required />
        <span>I started this, and my terminal shows <strong>${code}</strong></span>
      </label>
      <div class="choices">
        <button class="main" name="${deviceFields.decision}" value="approve">Let it publish</button>
        <button name="${deviceFields.decision}" value="deny" formnovalidate>Deny</button>
      </div>
    </form>`
  return page(title, body)
}

/** What somebody sees who may publish to no site. */
export function nothingToPublishPage(person: string): string {
  const body = html`<h1>There is no site for you</h1>
    <p>${person} may not publish to any site of this gateway.</p>
    <p class="quiet">
      Ask whoever runs it: each entry of "sites" has a policy "publish" that says who may.
    </p>`
  return page(title, body, 'bad')
}

/** What the person sees at the end. */
export function publishDonePage(site: string): string {
  const body = html`<h1>The machine may publish</h1>
    <p>
      Go back to its terminal; within seconds it has a credential for <strong>${site}</strong>. You
      can close this page.
    </p>
    <p class="quiet">Whoever runs the gateway can revoke it.</p>`
  return page(title, body)
}

/** What the person sees after a no. */
export function publishDeniedPage(): string {
  const body = html`<h1>Denied</h1>
    <p>The machine got no credential, and its code is void.</p>
    <p class="quiet">If somebody sent you the code, tell whoever runs this gateway.</p>`
  return page('Denied', body)
}
