import { z } from 'zod'
import { PeerError } from '../../errors.ts'
import { fileStem } from '../connections/exchange/export-connections.ts'
import { otherName } from '../connections/names.ts'
import { rdpFile } from '../connections/rdp-file.ts'
import { commandsFor } from '../connections/tool-commands.ts'
import type { Daemon } from '../running/daemon-types.ts'
import {
  connectionInput,
  fileInput,
  which,
  type ConnectionDetail,
  type ExportAnswer,
} from '../wire/calls.ts'
import { connectionSettings, type ConnectionSettings } from '../wire/connection.ts'
import type { ConnectionView } from '../wire/view.ts'
import { ask, row, type Row } from './rows.ts'

/** Calls about connections, one or many. */
export function connectionRows(daemon: Daemon): readonly Row[] {
  const views = (ids: readonly string[]) => ids.map((id) => daemon.viewOf(id))
  const idsOf = (asked: z.output<typeof which>): readonly string[] =>
    daemon.which(asked).map(({ saved }) => saved.id)

  return [
    ask('GET /state', () => daemon.view()),
    ask('POST /look', async () => {
      await Promise.all(daemon.links.all().map((link) => link.check()))
      return daemon.view()
    }),
    ask('GET /log', () => ({ entries: daemon.wholeLog() })),
    row('POST /connections', connectionInput, async (input) => {
      const [id = ''] = await daemon.change({ add: [settingsOf(input)] })
      return daemon.viewOf(id)
    }),
    ask('GET /connections/:id', (param): ConnectionDetail => {
      const id = param('id')
      const connection = daemon.viewOf(id)
      return {
        connection,
        commands: commandsFor(daemon.find(id).saved, connection.address),
        log: daemon.logOf(id),
        traffic: daemon.trafficOf(id),
      }
    }),
    ask('GET /connections/:id/rdp', (param) => rdpAnswer(daemon.viewOf(param('id')))),
    row('PUT /connections/:id', connectionInput, async (input, param) => {
      const id = param('id')
      await daemon.change({ replace: new Map([[id, withKey(input, daemon.find(id).saved)]]) })
      return daemon.viewOf(id)
    }),
    ask('POST /connections/:id/duplicate', async (param) => {
      const { saved } = daemon.find(param('id'))
      const names = daemon.all().map((one) => one.saved.name)
      // Two cannot listen on one address.
      const { listen: _, ...settings } = settingsOf(saved)
      const copy = { ...settings, name: otherName(saved.name, names) }
      const [id = ''] = await daemon.change({ add: [copy] })
      return daemon.viewOf(id)
    }),
    row('POST /delete', which, async (asked) => {
      const removed = idsOf(asked)
      await daemon.change({ remove: removed })
      return { removed }
    }),
    row('POST /up', which, async (asked) => {
      const ids = idsOf(asked)
      await daemon.up(ids)
      return { connections: views(ids) }
    }),
    row('POST /files', fileInput, async ({ path, connections }) => {
      return { connections: views(await daemon.replaceFile(path, connections)) }
    }),
    row('POST /down', which, async (asked) => {
      const ids = idsOf(asked)
      await daemon.down(ids)
      return { connections: views(ids) }
    }),
  ]
}

function rdpAnswer({ settings: { name }, address }: ConnectionView): ExportAnswer {
  const text = rdpFile(address)
  if (text !== undefined)
    return { file_name: `${fileStem(name) || 'desktop'}.rdp`, text, left_out: [] }
  throw new PeerError('no-rdp-file', `Remote Desktop cannot reach "${address}"`, {
    hint: 'give the connection a local address such as "127.0.0.1:13389"',
  })
}

/** Without what the daemon keeps beside them. */
function settingsOf(saved: ConnectionSettings & { readonly id?: string }): ConnectionSettings {
  return z.object(connectionSettings.shape).parse(saved)
}

function withKey(
  { keep_client_key: keeps, ...settings }: z.output<typeof connectionInput>,
  before: ConnectionSettings,
): ConnectionSettings {
  const isKept = keeps && settings.client_key === undefined && before.client_key !== undefined
  return isKept ? { ...settings, client_key: before.client_key } : settings
}
