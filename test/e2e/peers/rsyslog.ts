import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startChild } from '../child.ts'
import { program } from '../peers.ts'
import { untilListening } from '../ports.ts'
import type { Scope } from '../scope.ts'

export interface RsyslogOptions {
  readonly port: number
  /** PEM: whom it trusts, and what it shows. */
  readonly ca: string
  readonly cert: string
  readonly key: string
  /** The name in the certificate of the one whom it takes messages from. */
  readonly permitted: string
}

export interface Rsyslog {
  /** Ends it in order, or at once. */
  stop(signal?: NodeJS.Signals): Promise<void>
  /** The text of each message that it has written, oldest first. */
  messages(): Promise<readonly string[]>
  /** What stood in the header of the last one. */
  lastHeader(): Promise<string>
}

/** Starts a syslog receiver that speaks TLS alone and appends the text of each message to a file of the scope. */
export async function startRsyslog(scope: Scope, options: RsyslogOptions): Promise<Rsyslog> {
  const file = (name: string): string => join(scope.directory, `rsyslog-${name}`)
  const { port, ca, cert, key } = options
  for (const [name, pem] of Object.entries({ ca, cert, key }))
    await writeFile(file(name), pem, { mode: 0o600 })
  await writeFile(file('conf'), await configuration(options, scope.directory, file))
  const args = ['-n', '-f', file('conf'), '-i', file('pid')]
  const server = startChild(scope, program('rsyslogd'), args)
  scope.witness('rsyslogd', () => server.output() + server.errors())
  await untilListening(port, server)
  const linesOf = async (name: string): Promise<string[]> => {
    const text = await readFile(file(name), 'utf8').catch(() => '')
    return text.split('\n').slice(0, -1)
  }
  return {
    async stop(signal = 'SIGTERM') {
      server.signal(signal)
      await server.ended
    },
    messages: async () => (await linesOf('messages')).map((line) => line.replace(/^\uFEFF/, '')),
    lastHeader: async () => (await linesOf('headers')).at(-1) ?? '',
  }
}

/** That of the page about forwarding, with the paths and names of this one, and a second file for the headers. */
async function configuration(
  { port, permitted }: RsyslogOptions,
  directory: string,
  file: (name: string) => string,
): Promise<string> {
  const page = await readFile(join(import.meta.dirname, '../../../docs/audit-forward.md'), 'utf8')
  const [, block = ''] = /```\n(global\([^]*?)```/.exec(page) ?? []
  const replaced = {
    '/var/spool/rsyslog': directory,
    '/etc/rsyslog/ca.pem': file('ca'),
    '/etc/rsyslog/cert.pem': file('cert'),
    '/etc/rsyslog/key.pem': file('key'),
    'gateway.example.com': permitted,
    '/var/log/postern-audit.jsonl': file('messages'),
    'port="6514"': `port="${port}" address="127.0.0.1"`,
    '  action(': `  action(type="omfile" file="${file('headers')}" template="header")\n  action(`,
    'ruleset(': `template(name="header" type="string" string="%pri% %timestamp:::date-rfc3339% %hostname% %app-name% %msgid% %structured-data%\\n")\nruleset(`,
  }
  return Object.entries(replaced).reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`the page has no "${from}" in its rsyslog.conf`)
    return text.replace(from, () => to)
  }, block)
}
