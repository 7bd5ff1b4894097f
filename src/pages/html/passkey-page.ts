import { html } from 'hono/html'
import { page, type Markup } from './layout.ts'

/** Fields of the forms. */
export const passkeyFields = {
  /** What the browser made, as JSON; the script fills it in. */
  response: 'response',
  state: 'state',
  ticket: 'ticket',
  /** The name of a person, and that of a passkey. */
  person: 'person',
  name: 'name',
  id: 'id',
} as const

/** What a browser has to do before a form is sent. */
export interface Ceremony {
  readonly kind: 'sign-in' | 'create'
  /** Given to the browser (WebAuthn §5.1.8, §5.1.9). */
  readonly options: object
}

/** The path of the script; undefined where it was not built. */
export type Script = string | undefined

/**
 * The attributes and hidden fields by which the script of these pages finds its form, and what tells of faults: the
 * server's, or what happens in the browser.
 */
export function ceremonyParts({ kind, options }: Ceremony, fault: string | undefined): Markup {
  return html`<input
      type="hidden"
      name="${passkeyFields.response}"
      data-ceremony="${kind}"
      data-options="${JSON.stringify(options)}"
    />
    ${faultLine(fault)}
    <noscript
      ><p class="fault">This page needs JavaScript, which is off in this browser.</p></noscript
    >`
}

function faultLine(fault: string | undefined): Markup {
  return html`<p class="fault" role="alert" data-fault>${fault ?? ''}</p>`
}

export interface PasskeySignInQuestion {
  /** Host name of the gateway. */
  readonly gateway: string
  readonly action: string
  readonly state: string
  readonly options: object
  readonly fault?: string | undefined
  readonly script: Script
}

/** Signs in with whichever passkey the browser finds: no name has to be typed. */
export function passkeySignInPage(question: PasskeySignInQuestion): string {
  const { gateway, action, state, options, fault, script } = question
  const body = html`<h1>Sign in</h1>
    <p>
      Use your passkey for <strong>${gateway}</strong>: your device asks for your fingerprint, face
      or PIN.
    </p>
    <form method="post" action="${action}">
      <input type="hidden" name="${passkeyFields.state}" value="${state}" />
      ${ceremonyParts({ kind: 'sign-in', options }, fault)}
      <button class="main" autofocus>Sign in with a passkey</button>
    </form>
    <p class="quiet">
      No passkey yet, or your device is lost? Ask whoever runs this gateway for a link.
    </p>`
  return page('Sign in', body, 'plain', script)
}

export interface InvitationQuestion {
  readonly gateway: string
  readonly email: string
  /** What is known of the person's name. */
  readonly person: string
  readonly invitedBy: string
  readonly groups: readonly string[]
  /** Path that the form is sent to. */
  readonly action: string
  readonly ticket: string
  readonly options: object
  readonly fault?: string | undefined
  readonly script: Script
}

/** Shows who invites whom to what, and has the first passkey made. */
export function invitationPage(question: InvitationQuestion): string {
  const { gateway, email, person, invitedBy, groups, action, ticket, options } = question
  const body = html`<h1>You are invited to ${gateway}</h1>
    <p>It leads you to services of your team, once you are signed in.</p>
    <dl>
      <dt>Invited by</dt>
      <dd>${invitedBy}</dd>
      <dt>You will be</dt>
      <dd>${email}</dd>
      ${
        groups.length === 0
          ? ''
          : html`<dt>In the groups</dt>
              <dd>${groups.join(', ')}</dd>`
      }
    </dl>
    <form method="post" action="${action}">
      <input type="hidden" name="${passkeyFields.ticket}" value="${ticket}" />
      <label for="person">Your name</label>
      <input
        id="person"
        name="${passkeyFields.person}"
        type="text"
        required
        maxlength="100"
        autocomplete="name"
        value="${person}"
        data-person
      />
      <p>
        You need no password. This device, your phone or a security key keeps a passkey for you, and
        asks for your fingerprint, face or PIN.
      </p>
      ${ceremonyParts({ kind: 'create', options }, question.fault)}
      <button class="main">Make a passkey</button>
    </form>
    <p class="quiet">If you do not know who invites you, close this page.</p>`
  return page('Invitation', body, 'plain', question.script)
}

/** A passkey as its person sees it. */
export interface ShownPasskey {
  readonly id: string
  readonly name: string
  /** `2026-08-20 10:00:00 UTC` */
  readonly madeAt: string
  readonly lastUsedAt: string | undefined
  readonly isBackedUp: boolean
}

export interface OwnPasskeys {
  readonly gateway: string
  readonly email: string
  readonly passkeys: readonly ShownPasskey[]
  /** What the browser needs to make one more; undefined: the person has to sign in once more before. */
  readonly adding: { readonly ticket: string; readonly options: object } | undefined
  /** Whether the first one was made just now. */
  readonly isNew: boolean
  readonly fault?: string | undefined
  readonly script: Script
}

/** Where the forms of somebody's own passkeys go. */
export const ownPasskeyPaths = {
  add: '/.postern/passkeys/add',
  rename: '/.postern/passkeys/rename',
  remove: '/.postern/passkeys/remove',
  confirm: '/.postern/passkeys/confirm',
} as const

/** Lists somebody's passkeys, and has them make a second one where there is one alone. */
export function ownPasskeysPage(own: OwnPasskeys): string {
  const { email, passkeys, adding, isNew, gateway } = own
  const mayRemove = adding !== undefined && passkeys.length > 1
  const body = html`<h1>${isNew ? `Welcome to ${gateway}` : 'Your passkeys'}</h1>
    ${passkeys.length === 1 ? onlyOne(isNew) : html`<p>Each of them signs in ${email}.</p>`}
    ${adding === undefined ? confirmForm(own.fault) : addForm(adding, passkeys.length, own.fault)}
    ${
      isNew
        ? ''
        : html`<h2>What you have</h2>
            <ul>
              ${passkeys.map((passkey) => passkeyItem(passkey, adding !== undefined, mayRemove))}
            </ul>`
    }
    <p class="after">
      <a href="/">${isNew ? 'Later: go to your services' : 'Your page at this gateway'}</a>
    </p>
    ${isNew ? '' : lostDevice}`
  return page('Your passkeys', body, 'plain', own.script)
}

const lostDevice = html`<p class="quiet">
  Is a device lost? Remove its passkey here, and end its sessions on your page.
</p>`

function onlyOne(isNew: boolean): Markup {
  return html`<p class="note">
    ${isNew ? 'You are signed in. Add a second passkey now' : 'You have one passkey. Add a second one'},
    on your phone or a security key: if the first is lost, only whoever runs this gateway could let
    you in again.
  </p>`
}

function addForm(
  { ticket, options }: NonNullable<OwnPasskeys['adding']>,
  count: number,
  fault: string | undefined,
): Markup {
  return html`<form method="post" action="${ownPasskeyPaths.add}">
    <input type="hidden" name="${passkeyFields.ticket}" value="${ticket}" />
    ${ceremonyParts({ kind: 'create', options }, fault)}
    <button class="main">Add ${count === 1 ? 'a second' : 'another'} passkey</button>
  </form>`
}

function confirmForm(fault: string | undefined): Markup {
  return html`<form method="post" action="${ownPasskeyPaths.confirm}">
    ${faultLine(fault)}
    <p>To change anything here, show once more that it is you.</p>
    <button class="main">Use your passkey</button>
  </form>`
}

function passkeyItem(passkey: ShownPasskey, mayChange: boolean, mayRemove: boolean): Markup {
  const { id, name, madeAt, lastUsedAt, isBackedUp } = passkey
  const used = lastUsedAt === undefined ? 'not used yet' : `last used ${lastUsedAt}`
  const kept = isBackedUp ? 'kept by your password manager' : 'on one device'
  return html`<li>
    <strong>${name}</strong>
    <span class="quiet">${kept}, made ${madeAt}, ${used}</span>
    ${mayChange ? changeForm(id, name, mayRemove) : ''}
  </li>`
}

function changeForm(id: string, name: string, mayRemove: boolean): Markup {
  return html`<form method="post" action="${ownPasskeyPaths.rename}" class="row">
    <input type="hidden" name="${passkeyFields.id}" value="${id}" />
    <label
      >Name
      <input type="text" name="${passkeyFields.name}" value="${name}" required maxlength="60" />
    </label>
    <button>Rename</button>
    ${
      mayRemove
        ? html`<button formaction="${ownPasskeyPaths.remove}" formnovalidate>Remove</button>`
        : ''
    }
  </form>`
}
