import { html, raw } from 'hono/html'
import type { Denial } from '../../access/denial.ts'
import { sayDuration } from '../../clock.ts'
import { explainReason } from '../../policy/explain.ts'
import type { OwnOperator, OwnRule } from '../../policy/tracing/trace-for.ts'
import { formatTime } from './account-page.ts'
import { page, type Markup } from './layout.ts'

/** How somebody may ask for access on the page. */
export interface AskForm {
  /** What the route allows, in seconds, shortest first. */
  readonly choices: readonly number[]
  readonly formToken: string
  /** What was sent and not taken: nobody types it again. */
  readonly sent?: { readonly reason: string; readonly seconds: number } | undefined
}

/** What the person waits for, or has. */
export type Standing =
  | { readonly kind: 'may-ask'; readonly form: AskForm }
  | { readonly kind: 'pending'; readonly id: string }
  | { readonly kind: 'allowed' }
  | { readonly kind: 'none' }

/** Fields of the form. */
export const askFields = {
  formToken: 'form_token',
  forSeconds: 'for_seconds',
  reason: 'reason',
} as const

export interface RefusedPage {
  readonly denial: Denial
  /** Whether it is shown to somebody else than the person. */
  readonly isForAdmin: boolean
  readonly standing: Standing
  /** Where the form goes. */
  readonly action: string
  readonly fault?: string | undefined
}

/** Says to whoever was refused why, what would be needed, and whom to ask. */
export function refusedPage({ denial, isForAdmin, standing, action, fault }: RefusedPage): string {
  const { routeName, target, atMs, email, userId, ip, id } = denial
  const who = isForAdmin ? (email ?? userId) : 'You'
  const body = html`<h1>${who} could not use ${routeName}</h1>
    ${reasonsOf(denial)} ${rulesOf(denial)} ${adviceOf(denial)}
    ${standingOf(standing, action, fault)} ${whatElse(denial, isForAdmin)}
    <dl>
      <dt>Asked for</dt>
      <dd><code>${target}</code></dd>
      <dt>As</dt>
      <dd>${email ?? userId}</dd>
      <dt>From</dt>
      <dd><code>${ip}</code></dd>
      <dt>When</dt>
      <dd><time>${formatTime(atMs)}</time></dd>
      <dt>Request</dt>
      <dd><code>${id}</code></dd>
    </dl>`
  return page('Why access was refused', body, 'bad')
}

/** Whoever may not see one is told the same as for one that is not there. */
export function noRefusalPage(): string {
  const body = html`<h1>There is nothing here for you</h1>
    <p>There is no such refusal, it is forgotten by now, or it concerns somebody else.</p>
    <p class="quiet">Connect again: the client prints the address of the new one.</p>`
  return page('Nothing here', body, 'bad')
}

/** What the person sees who has asked for access. */
export function askedPage(routeName: string, id: string): string {
  const body = html`<h1>Asked</h1>
    <p>Whoever may approve access to <strong>${routeName}</strong> sees your request now.</p>
    <p>
      "postern request list" says what becomes of it, and so does the portal. Connect again once it
      is approved.
    </p>
    <dl>
      <dt>Request</dt>
      <dd><code>${id}</code></dd>
    </dl>`
  return page('Asked for access', body)
}

function reasonsOf({ reasons, message }: Denial): Markup {
  if (reasons.length === 0) return html`<p>${sentence(message)}</p>`
  return html`<ul>
    ${reasons.map((reason) => html`<li>${sentence(explainReason(reason))}</li>`)}
  </ul>`
}

function rulesOf({ trace: { rules, hasMore } }: Denial): Markup | string {
  if (rules.length === 0) return ''
  const isDenied = rules.some(({ side }) => side === 'deny')
  const lead = isDenied
    ? 'A rule keeps you out. It would have to stop holding:'
    : rules.length === 1
      ? 'What would be needed:'
      : 'One of these would be needed:'
  return html`<h2>${lead}</h2>
    <ul>
      ${rules.map(ruleItem)}
    </ul>
    ${hasMore ? html`<p class="quiet">There are more ways than these.</p>` : ''}`
}

function ruleItem({ operators }: OwnRule): Markup {
  return html`<li>${operators.map(operatorParts)}</li>`
}

function operatorParts({ needs, criteria }: OwnOperator): Markup {
  const joint = needs === 'one' ? 'or' : 'and'
  return html`${criteria.map(
    ({ criterion, needed, found }, index) =>
      html`<div>
        ${index === 0 ? '' : html`<span class="quiet">${joint}</span> `}<code>${criterion}</code>:
        ${needed} <span class="quiet">(found: ${found})</span>
      </div>`,
  )}`
}

function adviceOf({ advice }: Denial): Markup {
  return html`${advice
    .filter(({ explanation, remediation }) => explanation !== '' || remediation !== '')
    .map(
      ({ policy, explanation, remediation }) =>
        html`<h2>${policy}</h2>
          ${explanation === '' ? '' : html`<p>${explanation}</p>`}
          ${remediation === '' ? '' : html`<p>${remediation}</p>`}`,
    )}`
}

function standingOf(
  standing: Standing,
  action: string,
  fault: string | undefined,
): Markup | string {
  if (standing.kind === 'none') return ''
  if (standing.kind === 'allowed')
    return html`<p><strong>By now you may use it.</strong> Connect again.</p>`
  if (standing.kind === 'pending')
    return html`<p>
      <strong>You have asked for access</strong>, and nobody has answered yet. Request
      <code>${standing.id}</code>.
    </p>`
  const { choices, formToken, sent } = standing.form
  const chosen = choices.includes(sent?.seconds ?? 0) ? sent?.seconds : usualOf(choices)
  return html`<h2>Ask for access</h2>
    <form method="post" action="${action}">
      ${fault === undefined ? '' : html`<p class="fault" role="alert" id="fault">${sentence(fault)}</p>`}
      <input type="hidden" name="${askFields.formToken}" value="${formToken}" />
      <label for="reason">What for</label>
      <input
        type="text"
        id="reason"
        name="${askFields.reason}"
        value="${sent?.reason ?? ''}"
        required
        autocomplete="off"
        ${fault === undefined ? '' : raw('aria-describedby="fault"')}
      />
      <fieldset>
        <legend>How long</legend>
        ${choices.map(
          (seconds) =>
            html`<label class="tick">
              <input
                type="radio"
                name="${askFields.forSeconds}"
                value="${seconds}"
                required
                ${seconds === chosen ? 'checked' : ''}
              />
              <span>${sayDuration(seconds * 1000)}</span>
            </label>`,
        )}
      </fieldset>
      <button class="main">Ask for access</button>
    </form>`
}

/** An hour where the route allows it, or what is nearest below. */
function usualOf(choices: readonly number[]): number | undefined {
  return choices.findLast((seconds) => seconds <= 3_600) ?? choices[0]
}

/** What is left to somebody who was refused. */
function whatElse(denial: Denial, isForAdmin: boolean): Markup {
  const whom = html`<p>
    Ask ${contactOf(denial)} if ${isForAdmin ? 'they' : 'you'} need it, and give the number of the
    request below.
  </p>`
  if (isForAdmin) return whom
  return html`${whom}
    <p>
      <a href="/">Your routes</a> are what you may use now, and where you see what you have asked
      for.
    </p>`
}

function contactOf({ contact }: Denial): Markup | string {
  if (contact === '') return 'whoever runs this gateway'
  const href = /^[^\s@:/]+@[^\s@:/]+$/.test(contact) ? `mailto:${contact}` : contact
  if (!/^(?:mailto:|https:\/\/\S+$)/.test(href)) return contact
  return html`<a href="${href}" rel="noreferrer">${contact}</a>`
}

/** What we say is lower case without a full stop; a page speaks in sentences. */
function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
