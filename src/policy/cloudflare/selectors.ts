import { parseHost } from '../../address.ts'
import { accept } from '../criteria/always.ts'
import {
  aboutSubject,
  answer,
  type CompiledCriterion,
  type Criterion,
  type CriterionWords,
} from '../criteria/criterion.ts'
import { domain, email } from '../criteria/email.ts'
import { groups } from '../criteria/groups.ts'
import { sourceIp } from '../criteria/source-ip.ts'
import { ofSubject, quoted } from '../criteria/words.ts'
import type { RequestFacts } from '../facts.ts'
import { isObject, kindOf, type Place } from '../place.ts'

/** What a policy does with whom it matches. */
export type Action = 'allow' | 'block' | 'bypass' | 'service_auth'

/** One word of Cloudflare's for whom a policy is about (reference 3.3). */
export interface Selector {
  readonly name: string
  /** What its data looks like, for messages and the docs. */
  readonly form: string
  /** When it holds: one sentence for the docs. */
  readonly doc: string
  /** In policies of which actions it means something. */
  readonly actions: readonly Action[]
  /** The field of its data in the form of the API, such as `domain` of `{"domain": "example.com"}`. */
  readonly field?: string
  /** The field by which the API names what only Cloudflare knows. */
  readonly idField?: string
  /** Reads its data in the short form. */
  parse(data: unknown, place: Place): CompiledCriterion | undefined
  /** How a trace speaks of it. */
  readonly words: CriterionWords
}

const aboutPeople: readonly Action[] = ['allow', 'block']
const aboutAll: readonly Action[] = ['allow', 'block', 'bypass', 'service_auth']

/** Every selector there is, in the order of the docs. */
export const allSelectors: readonly Selector[] = [
  {
    name: 'email',
    form: 'an email address',
    doc: "the person's email address is this one, whatever its case",
    actions: aboutPeople,
    field: 'email',
    parse: (data, place) => textIn(data, place, /^[^\s@]+@[^\s@]+$/, 'an email address', email),
    words: email.words,
  },
  {
    name: 'email_domain',
    form: 'a domain',
    doc: "what follows the `@` of the person's email address is this domain",
    actions: aboutPeople,
    field: 'domain',
    parse(data, place) {
      const name = typeof data === 'string' ? parseHost(data.replace(/^@/, '')) : undefined
      return name === undefined
        ? place.problem(`must be a domain such as example.com, not ${shown(data)}`)
        : domain.parse({ is: name }, place, '')
    },
    words: domain.words,
  },
  {
    name: 'group',
    form: 'the name of a group',
    doc: 'the person is in this group, by the identity provider or the `directory` file',
    actions: aboutPeople,
    idField: 'id',
    parse: (data, place) =>
      typeof data === 'string' && data !== ''
        ? groups.parse({ has: data }, place, '')
        : place.problem(`must be the name of a group, not ${shown(data)}`),
    words: groups.words,
  },
  {
    name: 'ip',
    form: 'an IP address or range',
    doc: "the client's address is this one, or within this range",
    actions: aboutAll,
    field: 'ip',
    parse: (data, place) =>
      typeof data === 'string'
        ? sourceIp.parse(data, place, '')
        : place.problem(`must be an IP address or range, not ${shown(data)}`),
    words: sourceIp.words,
  },
  {
    name: 'everyone',
    form: '`true`',
    doc: 'always; under `allow` that is everybody who is signed in',
    actions: aboutAll,
    parse: (data, place) =>
      data === true ? accept.parse(true, place, '') : place.problem('must be true'),
    words: accept.words,
  },
  {
    name: 'service_token',
    form: 'the id of a service account',
    doc: 'the credential is that of this service account',
    actions: ['service_auth'],
    idField: 'token_id',
    parse: (data, place) =>
      typeof data === 'string' && data !== ''
        ? aboutAccounts((id) => id === data)
        : place.problem(`must be the id of a service account, not ${shown(data)}`),
    words: {
      found: accountIn,
      wanted: (data) => `the credential of service account ${quoted(data)}`,
      wantedBriefly: () => 'the credential of a service account that this route names',
    },
  },
  {
    name: 'any_valid_service_token',
    form: '`true`',
    doc: 'the credential is that of any service account',
    actions: ['service_auth'],
    parse: (data, place) =>
      data === true ? aboutAccounts(() => true) : place.problem('must be true'),
    words: { found: accountIn, wanted: () => 'the credential of a service account' },
  },
]

function accountIn(facts: RequestFacts): string {
  return ofSubject(({ email: address, userId }) => `a person, ${quoted(address ?? userId)}`)(facts)
}

/** No provider of people is needed to tell, nor does a person ever fit. */
function aboutAccounts(matches: (id: string) => boolean): CompiledCriterion {
  return aboutSubject(
    ({ kind, userId }) =>
      answer(kind === 'service-account' && matches(userId), 'user-ok', 'user-unauthorized'),
    undefined,
    false,
  )
}

function textIn(
  data: unknown,
  place: Place,
  form: RegExp,
  what: string,
  criterion: Criterion,
): CompiledCriterion | undefined {
  return typeof data === 'string' && form.test(data)
    ? criterion.parse({ is: data }, place, '')
    : place.problem(`must be ${what}, not ${shown(data)}`)
}

function shown(data: unknown): string {
  return typeof data === 'string' ? JSON.stringify(data.slice(0, 60)) : kindOf(data)
}

/** The short form of what the API writes, such as `a@example.com` for `{"email": "a@example.com"}`; or the data itself. */
export function shortForm({ field, form }: Selector, data: unknown): unknown {
  if (!isObject(data)) return data
  const keys = Object.keys(data)
  if (field === undefined) return form === '`true`' && keys.length === 0 ? true : data
  return keys.length === 1 && keys[0] === field ? data[field] : data
}
