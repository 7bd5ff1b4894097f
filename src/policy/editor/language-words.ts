import { allSelectors } from '../cloudflare/selectors.ts'
import { criteriaReference } from '../criteria/all.ts'
import { operators, type Operator } from '../language/verdict.ts'

/** A word that can be written, with one line about it. */
export interface Word {
  readonly name: string
  readonly doc: string
}

/** What an editor offers of a criterion. */
export interface CriterionWord extends Word {
  /** What its data looks like, in words. */
  readonly data: string
  /** Which matcher that is; undefined where it is something of its own. */
  readonly matcher: 'string' | 'string-list' | undefined
  /** Keys of its data, where that is an object of its own. */
  readonly keys: readonly string[]
  /** YAML of its data, to begin with. */
  readonly example: string
}

export interface SelectorWord extends Word {
  readonly form: string
  /** In policies of which actions it may stand. */
  readonly actions: readonly string[]
  /** Whether its data is `true` and nothing else. */
  readonly isFlag: boolean
}

/** Every word of the two languages of policies, from the tables that they are read by. */
export interface LanguageWords {
  readonly sides: readonly Word[]
  readonly operators: readonly Word[]
  readonly criteria: readonly CriterionWord[]
  readonly stringMatchers: readonly Word[]
  readonly listMatchers: readonly Word[]
  readonly actions: readonly Word[]
  readonly parts: readonly Word[]
  readonly selectors: readonly SelectorWord[]
}

const operatorDocs: Readonly<Record<Operator, string>> = {
  and: 'all of these hold',
  or: 'one of these holds',
  not: 'none of these holds',
  nor: 'not all of these hold',
}

/** An example of the data of each criterion: what an editor writes for it. */
const examples: Readonly<Record<string, string>> = {
  accept: 'true',
  reject: 'true',
  authenticated_user: 'true',
  user: '{is: "248289761001"}',
  provider: '{is: default}',
  email: '{is: user@example.com}',
  domain: '{is: example.com}',
  'claim/PATH': '{has: engineering}',
  groups: '{has: engineering}',
  source_ip: '[10.0.0.0/8]',
  http_method: '{is: CONNECT}',
  http_path: '{is: /}',
  client_certificate: '{san_email: {is: user@example.com}}',
  invalid_client_certificate: 'true',
  date: '{after: 2026-03-01, before: 2026-04-01}',
  day_of_week: 'mon-fri',
  time_of_day: '{timezone: Europe/Berlin, after: "9:00", before: "17:30"}',
}

const matcherByData: Readonly<Record<string, CriterionWord['matcher']>> = {
  'string matcher': 'string',
  'string list matcher': 'string-list',
}

/** Makes them anew; they never change while the program runs. */
export function languageWords(): LanguageWords {
  return {
    sides: [
      { name: 'allow', doc: 'lets in whoever it holds for, unless some deny holds' },
      { name: 'deny', doc: 'keeps out whoever it holds for, whatever else does' },
    ],
    operators: (Object.keys(operators) as readonly Operator[]).map((name) => ({
      name,
      doc: operatorDocs[name],
    })),
    criteria: criteriaReference.map(({ name, data, doc }) => ({
      name,
      doc,
      data,
      matcher: matcherByData[data],
      keys: keysIn(data),
      example: examples[name] ?? 'true',
    })),
    stringMatchers: [
      { name: 'is', doc: 'is this text' },
      { name: 'not', doc: 'is not this text' },
      { name: 'contains', doc: 'has this text in it' },
      { name: 'starts_with', doc: 'begins with this text' },
      { name: 'ends_with', doc: 'ends with this text' },
      { name: 'in', doc: 'is one of a list' },
      { name: 'not_in', doc: 'is none of a list' },
    ],
    listMatchers: [
      { name: 'has', doc: 'this is among them' },
      { name: 'is', doc: 'this is the only one' },
      { name: 'exclude', doc: 'this is not among them' },
    ],
    actions: [
      { name: 'allow', doc: 'lets people in who are signed in' },
      { name: 'block', doc: 'keeps people out' },
      { name: 'bypass', doc: 'lets everybody in, signed in or not' },
      { name: 'service_auth', doc: 'lets service accounts in' },
    ],
    parts: [
      { name: 'include', doc: 'one of these holds' },
      { name: 'require', doc: 'all of these hold as well' },
      { name: 'exclude', doc: 'none of these holds' },
    ],
    selectors: allSelectors.map(({ name, doc, form, actions }) => ({
      name,
      doc,
      form,
      actions,
      isFlag: form === '`true`',
    })),
  }
}

/** Those that the words about its data name in braces: `{after, before}`. */
function keysIn(data: string): readonly string[] {
  const [, list] = /`\{([a-z_, ]+)\}`/.exec(data) ?? []
  return list?.split(', ') ?? []
}
