import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { readGuide } from './guide.ts'
import { publisherAt, siteFor } from './publisher.ts'
import { bob, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'

/** What docs/connectors.md says of the services of the guides. */
export interface BehindConnector {
  /** What the gateway's file has besides its routes. */
  readonly settings: Readonly<Record<string, unknown>>
  /** Runs the page's connector, as Bob. */
  start(rig: GatewayRig): Promise<void>
}

const page = join(import.meta.dirname, '..', '..', 'docs', 'connectors.md')
const namedTunnel = 'lab'

/** Reads that part of the page, with what stands in for the addresses of the services. */
export async function readBehindConnector(
  scope: Scope,
  standIns: Readonly<Record<string, string>>,
): Promise<BehindConnector> {
  const [, part = ''] = (await readFile(page, 'utf8')).split('## The services of the guides\n')
  const guide = readGuide(part.split('\n## ')[0] ?? '', { standIns })
  const config = guide.block('yaml', /^ingress:/m)
  const line = guide.command(/^postern tunnel run /)
  const access = parse(guide.block('yaml', /^access:/m)) as object
  guide.finish()
  const settings = { ...(await siteFor(scope, 'example.com', bob)), ...access }
  return {
    settings,
    async start(rig) {
      const publisher = await publisherAt(scope, rig, bob, namedTunnel)
      await writeFile(join(publisher.home, 'config.yml'), config)
      await publisher.startConnector(...line.split(' ').slice(2))
    },
  }
}

/** Resolves once a tunnel to this application has ended that a connector carried. */
export async function carriedByConnector(
  { lines }: Pick<GatewayRig, 'lines'>,
  hostname: string,
): Promise<void> {
  await lines.first(
    (line) =>
      line['service'] === 'access' &&
      'connector-id' in line &&
      line['authority'] === `${hostname}:443`,
  )
}
