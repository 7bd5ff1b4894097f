import type { ForeignKey } from '../../foreign-keys.ts'
import type { LogLevel } from '../../log.ts'
import { parseHostname } from '../ingress/hostname.ts'
import { parseListenAddress } from '../../net/listen-address.ts'
import { secretTextOf, textOf } from '../../schema.ts'
import { key, type Key, type ValuesOf } from '../../setting-key.ts'
import { duration, path, text } from '../../setting-values.ts'
import { parseService } from '../ingress/service.ts'
import { z } from 'zod'

/** How much is said; cloudflared's `fatal` and `panic` are read as `error`. */
const levels: Readonly<Record<string, LogLevel>> = {
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  error: 'error',
  fatal: 'error',
  panic: 'error',
}

/** `ingress` and `originRequest` have readers of their own. */
const elsewhere = <T>(type: string, doc: string): Key<T> =>
  key<T>({ schema: z.unknown() as unknown as z.ZodType<T>, type, doc, variable: 'none' })

/** The keys of a connector's file; each but the last two is a flag of `postern tunnel run` as well. */
export const configKeys = {
  tunnel: key({
    schema: text,
    type: 'name or UUID',
    variable: 'text',
    doc: 'The named tunnel; its credentials file is `UUID.json` beside what `--origincert` names, or in `~/.postern`.',
  }),
  'credentials-file': key({
    schema: path,
    type: 'path',
    variable: 'text',
    doc: 'The credentials file that `postern tunnel create` wrote.',
  }),
  token: key({
    schema: secretTextOf('a token of a named tunnel', (value) => value.trim() || undefined),
    type: 'token',
    variable: 'text',
    doc: 'What `postern tunnel token` prints, instead of a credentials file. A secret: keep the file to yourself.',
  }),
  'token-file': key({
    schema: path,
    type: 'path',
    variable: 'text',
    doc: 'A file with such a token.',
  }),
  'credentials-contents': key({
    schema: secretTextOf('the text of a credentials file', (value) => value.trim() || undefined),
    type: 'JSON',
    variable: 'text',
    doc: 'The text of a credentials file itself. A secret: keep the file to yourself.',
  }),
  url: key({
    schema: textOf('a service', parseService),
    type: 'service',
    variable: 'text',
    doc: 'The one service, for every name, where there is no `ingress`.',
  }),
  hostname: key({
    schema: textOf('a host name', parseHostname),
    type: 'host name',
    variable: 'text',
    doc: 'A name by which the gateway is to lead here; it is registered when the connector connects.',
  }),
  'grace-period': key({
    schema: duration,
    type: 'duration',
    default: '30s',
    variable: 'text',
    doc: 'How long open streams may go on after SIGTERM, however long that is.',
  }),
  metrics: key({
    schema: textOf('an address to listen on such as 127.0.0.1:20241', parseListenAddress),
    type: 'address',
    without: 'nothing is served',
    variable: 'text',
    doc: 'Where `/ready`, `/live` and `/metrics` are served, without TLS.',
  }),
  loglevel: key({
    schema: textOf('debug, info, warn or error', (value) => levels[value.toLowerCase()]),
    type: '`debug`, `info`, `warn` or `error`',
    default: 'info',
    variable: 'text',
    doc: 'How much is logged.',
  }),
  cacert: key({
    schema: path,
    type: 'path',
    variable: 'text',
    doc: "Certificate authorities (PEM) that the gateway's certificate may be from, besides those of the credential.",
  }),
  ingress: elsewhere<unknown>('list of rules', 'Which service a name leads to; see below.'),
  originRequest: elsewhere<unknown>('mapping', 'How services are dialled; see below.'),
} as const

export type ConfigValues = ValuesOf<typeof configKeys>

const ofCloudflare = 'it is about the network of Cloudflare'
const ofReleases = 'releases are not fetched by the program itself'

/** Keys of cloudflared's files that mean nothing here. */
export const foreignConfigKeys: readonly ForeignKey[] = [
  ...['edge', 'edge-ip-version', 'edge-bind-address', 'region', 'protocol', 'post-quantum'].map(
    (name): ForeignKey => ({ key: name, class: 'ignored', why: ofCloudflare }),
  ),
  ...['no-autoupdate', 'autoupdate-freq', 'no-prechecks'].map((name): ForeignKey => ({
    key: name,
    class: 'ignored',
    why: ofReleases,
  })),
  {
    key: 'warp-routing',
    class: 'ignored',
    why: 'a connector dials what its rules name, and no other address',
  },
  { key: 'retries', class: 'ignored', why: 'it tries until the gateway is there' },
  { key: 'logfile', class: 'ignored', why: 'it logs to standard error: redirect it' },
  { key: 'log-directory', class: 'ignored', why: 'it logs to standard error: redirect it' },
  { key: 'pidfile', class: 'ignored', why: 'whoever starts it knows; `/ready` says when it is' },
  { key: 'tag', class: 'ignored', why: 'nothing is added to what passes' },
  { key: 'origincert', class: 'ignored', why: '`postern tunnel login` keeps it in its place' },
]
