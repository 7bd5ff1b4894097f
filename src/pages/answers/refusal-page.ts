import { html } from 'hono/html'
import { gatewayPaths } from '../../tunnel/paths.ts'
import type { Refusal } from './refusal.ts'
import { page, type Markup } from '../html/layout.ts'

const titles: Readonly<Record<number, string>> = {
  302: 'Sign in first',
  400: 'This request cannot be understood',
  401: 'Sign in first',
  403: 'You may not use this',
  404: 'There is nothing here',
  429: 'Too many requests',
  503: 'Not available now',
}

/** What the status would not say, or would say wrongly: these are about a sign-in, not about a right. */
const titlesByCode: Readonly<Record<string, string>> = {
  url_signature_invalid: 'This link does not work',
  url_expired: 'This link is too old',
  invalid_redirect_uri: 'This link does not work',
  grant_refused: 'You are not signed in',
  invitation_invalid: 'This invitation is not valid',
  provider_refused: 'You are not signed in',
  provider_invalid: 'You are not signed in',
  provider_unavailable: 'Nobody can sign in now',
  sign_in_state_mismatch: 'You are not signed in',
  sign_in_expired: 'You are not signed in',
  sign_in_used: 'This sign-in is over',
  another_person: 'The machine is not signed in',
  code_not_confirmed: 'Compare the code first',
  device_code_over: 'This code is no longer valid',
  device_login_off: 'Machines without a browser cannot sign in here',
  sign_in_denied: 'You are not signed in',
  form_not_ours: 'This form does not work',
  too_many_wrong_codes: 'Too many wrong codes',
}

/** A refusal for somebody who reads it in a browser. */
export function refusalPage(refusal: Refusal, requestId: string): string {
  const { status, message, next, reasons, location, code, page: more } = refusal
  const title = titlesByCode[code] ?? titles[status] ?? 'Something went wrong'
  const body = html`<h1>${title}</h1>
    <p>${sentence(message)}</p>
    <p>${sentence(next)}</p>
    ${location === undefined ? '' : html`<p><a class="button" href="${location}">Sign in</a></p>`}
    ${more === undefined ? '' : html`<p><a class="button" href="${more}">Why, and what to do</a></p>`}
    <dl>
      <dt>Code</dt>
      <dd><code>${code}</code></dd>
      ${
        reasons.length === 0
          ? ''
          : html`<dt>Reasons</dt>
              <dd><code>${reasons.join(', ')}</code></dd>`
      }
      <dt>Request</dt>
      <dd><code>${requestId}</code></dd>
    </dl>
    ${location === undefined && more === undefined ? onward(refusal) : ''}`
  return page(title, body, status < 400 || status === 401 ? 'plain' : 'bad')
}

/** Of a sign-in that came to nothing; told where people can sign in alone. */
const signInCodes: ReadonlySet<string> = new Set([
  'url_signature_invalid',
  'url_expired',
  'provider_refused',
  'provider_invalid',
  'provider_unavailable',
  'sign_in_state_mismatch',
  'sign_in_expired',
  'sign_in_used',
  'sign_in_required',
  'sign_in_denied',
])

/** No page is an end: it leads on, and says whom to tell of what nobody who reads it can mend. */
function onward({ code, status }: Refusal): Markup {
  const [href, text] = signInCodes.has(code)
    ? [gatewayPaths.signIn, 'Sign in again']
    : ['/', 'Start page of this gateway']
  const tell = 'If it stays so, tell whoever runs this gateway the code and the request.'
  return html`<p class="after"><a href="${href}">${text}</a></p>
    ${status >= 500 ? html`<p class="quiet">${tell}</p>` : ''}`
}

/** Our messages are lower case without a full stop; a page speaks in sentences. */
function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
