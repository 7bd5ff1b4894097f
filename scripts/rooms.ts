// The rooms of `src`: which question each of them answers, and what it may import. This is the one source of
// the table in docs/architecture.md, which `npm run docs` writes, and of what test/architecture.test.ts holds.
import { table } from './markdown-table.ts'

/** A folder of `src`. */
export interface Room {
  /** Its name; `kernel` is the files of `src` itself. */
  readonly folder: string
  readonly question: string
  /** Rooms above this one in the table, besides the kernel and itself. */
  readonly mayImport: readonly string[] | AllAbove
  /** Rooms (`port`), their folders (`console/wire`) and single files (`gateway/parts.ts`) of which it may import types, and nothing else. */
  readonly typesOf?: readonly string[]
}

/** Every room above this one in the table but these. */
export interface AllAbove {
  readonly allAboveBut: readonly string[]
  /** What the docs say of how it imports them, such as `lazily`. */
  readonly how?: string
}

/** From what knows nothing of the others to what knows them all: a room imports only rooms above it. */
export const rooms: readonly Room[] = [
  {
    folder: 'kernel',
    question: 'what does everybody need that knows nothing of the product',
    mayImport: [],
  },
  {
    folder: 'net',
    question: 'how do bytes move: dial, relay (the only copy loop), PROXY protocol, certificates',
    mayImport: [],
  },
  {
    folder: 'tell',
    question: 'what is the tool of a person told at a cut, in the protocol that it speaks',
    mayImport: [],
  },
  {
    folder: 'policy',
    question: 'may they: language, criteria, evaluation, reasons. Pure and synchronous',
    mayImport: [],
  },
  {
    folder: 'store',
    question:
      'what must survive a restart: one interface, SQLite, revisions, leases; the state directory',
    mayImport: [],
  },
  {
    folder: 'identity',
    question: 'who is it: OpenID Connect, sessions, tokens, service accounts, codes',
    mayImport: ['net', 'store'],
  },
  {
    folder: 'telemetry',
    question: 'what happened: access log, authorize log, metrics',
    mayImport: ['net', 'tell'],
  },
  {
    folder: 'tunnel',
    question: 'what do our own processes say to each other: paths, refusals, WebSocket, connectors',
    mayImport: ['net'],
  },
  {
    folder: 'ssh-ca',
    question: 'what does the gateway vouch for to an sshd: short-lived SSH certificates',
    mayImport: ['identity', 'tunnel', 'net'],
  },
  {
    folder: 'routes',
    question: 'which route: its definition, `from`, `to`, matching, the table',
    mayImport: ['net', 'policy', 'tell'],
  },
  {
    folder: 'access',
    question: 'what may this caller do: decide, authorize, grants, live tunnels, the directory',
    mayImport: ['routes', 'identity', 'policy', 'telemetry', 'net'],
  },
  {
    folder: 'scim',
    question: "whom does the company's directory provision: users and groups by SCIM",
    mayImport: ['store', 'identity', 'policy', 'access'],
  },
  {
    folder: 'catalog',
    question: 'which routes and policies are kept in the store beside the file, and what were they',
    mayImport: ['store', 'identity', 'access', 'routes', 'policy', 'telemetry', 'net'],
  },
  {
    folder: 'requests',
    question: 'who asked for access for a while, and who granted it: requests, approvals',
    mayImport: ['store', 'identity', 'access', 'routes', 'policy', 'telemetry', 'net'],
  },
  {
    folder: 'port',
    question:
      'the one TLS port: PROXY admission, TLS, what ALPN names, client certificates, budgets',
    mayImport: ['net', 'tunnel', 'policy', 'telemetry'],
  },
  {
    folder: 'publish',
    question: 'what may be published, and by whom: sites, named tunnels, their names',
    mayImport: ['store', 'identity', 'policy', 'telemetry', 'net', 'tunnel'],
  },
  {
    folder: 'acme',
    question: 'which certificates does the gateway fetch, from whom, and when again (ACME)',
    mayImport: ['publish', 'port', 'store', 'net'],
  },
  {
    folder: 'stapling',
    question:
      'which OCSP answers are handed out with certificates, and when are they fetched again',
    mayImport: ['store', 'net'],
  },
  {
    folder: 'links',
    question: 'which connectors are here, and how does a stream reach a service through one',
    mayImport: [
      'publish',
      'access',
      'routes',
      'port',
      'identity',
      'tunnel',
      'telemetry',
      'net',
      'store',
    ],
  },
  {
    folder: 'upstream',
    question: 'the ways to a service, a file for each: directly, by a next gateway, by a connector',
    mayImport: ['access', 'routes', 'links', 'net', 'telemetry'],
  },
  {
    folder: 'downloads',
    question: 'what does the gateway hand out to install: executables, checksums, the scripts',
    mayImport: [],
  },
  {
    folder: 'pages',
    question: "what is a browser or a stock client answered: sign-in, refusals, Pomerium's APIs",
    mayImport: [
      'ssh-ca',
      'scim',
      'access',
      'routes',
      'identity',
      'policy',
      'requests',
      'publish',
      'downloads',
      'store',
      'telemetry',
      'tunnel',
      'net',
    ],
  },
  {
    folder: 'config',
    question: 'what did the operator write: keys, places, findings, reference',
    mayImport: [
      'scim',
      'ssh-ca',
      'routes',
      'access',
      'policy',
      'identity',
      'port',
      'publish',
      'downloads',
      'telemetry',
      'net',
    ],
    typesOf: ['acme'],
  },
  {
    folder: 'control',
    question: 'what is done to a running gateway: operations, and the socket that serves them',
    mayImport: [
      'ssh-ca',
      'access',
      'routes',
      'policy',
      'identity',
      'catalog',
      'requests',
      'publish',
      'links',
      'store',
      'telemetry',
      'net',
    ],
  },
  {
    folder: 'backup',
    question: 'how is the state of a gateway carried away, and put back',
    mayImport: ['control', 'store', 'telemetry'],
  },
  {
    folder: 'gateway',
    question: 'the process: the way of a CONNECT, its transports, assemble, start, reload, stop',
    mayImport: { allAboveBut: [] },
  },
  {
    folder: 'console',
    question: "the portal's and the console's pages and API, which the gateway serves",
    mayImport: [
      'access',
      'routes',
      'identity',
      'policy',
      'catalog',
      'requests',
      'store',
      'telemetry',
      'control',
      'downloads',
      'pages',
      'net',
    ],
    typesOf: ['gateway/parts.ts'],
  },
  {
    folder: 'reach',
    question: 'how does a machine reach a gateway: proxy, TLS, whom to trust; one request to it',
    mayImport: ['net', 'tunnel'],
  },
  {
    folder: 'preflight',
    question: 'does a configuration work out there: provider, listeners, upstreams, names, DNS',
    mayImport: [
      'config',
      'control',
      'upstream',
      'acme',
      'publish',
      'routes',
      'identity',
      'port',
      'reach',
      'telemetry',
      'net',
    ],
  },
  {
    folder: 'client',
    question: 'how does a machine use a gateway: sign in, serve local ports; no store, no policy',
    mayImport: ['reach', 'net', 'tunnel'],
  },
  {
    folder: 'autostart',
    question: 'how does a program start by itself, as text: units, agents, menu entries, shortcuts',
    mayImport: [],
  },
  {
    folder: 'desktop',
    question:
      'which connections does a person keep, and how do they stand: the daemon of the window',
    mayImport: ['client', 'reach', 'net', 'tunnel', 'autostart'],
  },
  {
    folder: 'web',
    question: 'browser code: `ui/` shared, `portal/`, `console/`, `desktop/`',
    mayImport: [],
    typesOf: ['console/portal-view.ts', 'console/wire', 'desktop/wire'],
  },
  {
    folder: 'connector',
    question:
      'how does a private service join by dialling out: ingress rules, connections, streams',
    mayImport: ['reach', 'net', 'tunnel', 'telemetry'],
  },
  {
    folder: 'dev-idp',
    question: 'the sign-in service of the quickstart and the tests; loopback only',
    mayImport: ['net'],
  },
  {
    folder: 'quickstart',
    question: 'what does a newcomer see first',
    mayImport: { allAboveBut: ['web'] },
  },
  {
    folder: 'cli',
    question: "argv, signals, exit codes, the program's voice; loads each command lazily",
    mayImport: { allAboveBut: ['dev-idp', 'web'], how: 'lazily' },
  },
]

/** The rooms that one may import, types and all, besides the kernel and itself. */
export function importsOf(room: Room, table: readonly Room[] = rooms): readonly string[] {
  const { mayImport } = room
  if (!('allAboveBut' in mayImport)) return mayImport
  const above = table.slice(0, table.indexOf(room)).map(({ folder }) => folder)
  return above.filter((folder) => folder !== 'kernel' && !mayImport.allAboveBut.includes(folder))
}

const begin =
  '<!-- Rooms: generated by `npm run docs` from scripts/rooms.ts; edit the table there. -->'
const end = '<!-- End of the generated rooms. -->'

/** Replaces the generated part of docs/architecture.md, between its two markers. */
export function renderRooms(page: string): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from)
    throw new Error('docs/architecture.md has lost the markers of its rooms')
  const head = ['folder', 'question it answers', 'may import, besides the kernel and itself']
  const rows = rooms.map((room) => [nameOf(room), room.question, describeImports(room)])
  return `${page.slice(0, from)}${begin}\n\n${table([head, ...rows])}\n\n${page.slice(to)}`
}

function nameOf({ folder }: Room): string {
  return folder === 'kernel' ? '`src/*.ts` (kernel)' : `\`src/${folder}/\``
}

function describeImports({ mayImport, typesOf = [] }: Room): string {
  const types = typesOf.length === 0 ? [] : [`types of ${codes(typesOf)}`]
  const all = 'allAboveBut' in mayImport ? describeAll(mayImport) : codes(mayImport)
  return [...(all === '' ? [] : [all]), ...types].join('; ') || '–'
}

function describeAll({ allAboveBut, how }: AllAbove): string {
  const but = allAboveBut.length === 0 ? '' : ` but ${codes(allAboveBut)}`
  return `all above${but}${how === undefined ? '' : `, ${how}`}`
}

function codes(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(' ')
}
