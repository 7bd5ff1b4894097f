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
  const { port, permitted, ...pems } = options
  for (const [name, pem] of Object.entries(pems)) await writeFile(file(name), pem, { mode: 0o600 })
  await writeFile(
    file('conf'),
    `global(
  workDirectory="${scope.directory}"
  maxMessageSize="64k"
  defaultNetstreamDriver="gtls"
  defaultNetstreamDriverCAFile="${file('ca')}"
  defaultNetstreamDriverCertFile="${file('cert')}"
  defaultNetstreamDriverKeyFile="${file('key')}"
)
module(
  load="imtcp"
  streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="x509/name"
  permittedPeer=["${permitted}"]
)
template(name="text" type="string" string="%msg%\\n")
template(name="header" type="string" string="%pri% %timestamp:::date-rfc3339% %hostname% %app-name% %msgid% %structured-data%\\n")
ruleset(name="keep") {
  action(type="omfile" file="${file('messages')}" template="text" asyncWriting="off" flushOnTXEnd="on")
  action(type="omfile" file="${file('headers')}" template="header" asyncWriting="off" flushOnTXEnd="on")
}
input(type="imtcp" address="127.0.0.1" port="${port}" ruleset="keep")
`,
  )
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
