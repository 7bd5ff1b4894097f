import { useMemo } from 'react'
import { useLocation } from 'wouter'
import type { ConnectionView } from '../../desktop/wire/view.ts'
import { useAct } from '../ui/act.ts'
import { useAnnounce } from '../ui/announce.tsx'
import { useConfirm } from '../ui/confirm.tsx'
import { call } from './call.ts'
import { download } from './download.ts'
import { useCopy } from './use-copy.ts'
import { words } from './words.ts'

const { actions: said } = words

/** What somebody does to connections by a button or a menu; each says how it went. */
export interface Actions {
  readonly up: (connections: readonly ConnectionView[]) => void
  readonly down: (connections: readonly ConnectionView[]) => void
  /** Asks first; resolves to whether it was done. */
  readonly remove: (connections: readonly ConnectionView[]) => Promise<boolean>
  readonly duplicate: (connection: ConnectionView) => void
  readonly saveShortcut: (connection: ConnectionView) => void
  readonly downloadRdp: (connection: ConnectionView) => void
  readonly copyAddress: (connection: ConnectionView) => void
}

export function useActions(): Actions {
  const { act } = useAct()
  const confirm = useConfirm()
  const copy = useCopy()
  const announce = useAnnounce()
  const [, navigate] = useLocation()
  return useMemo(() => {
    const run = (failed: string, what: () => Promise<string | undefined>): Promise<boolean> =>
      act({ run: what, failed, changes: [] })
    return {
      // What came of it stands in the list: it is said to whoever does not see that.
      up: (connections) =>
        void run(said.notConnected, async () => {
          await call('POST /up', { input: { connections: idsOf(connections) } })
          announce(said.connected(namesOf(connections)))
          return undefined
        }),
      down: (connections) =>
        void run(said.notDisconnected, async () => {
          await call('POST /down', { input: { connections: idsOf(connections) } })
          announce(said.disconnected(namesOf(connections)))
          return undefined
        }),
      async remove(connections) {
        const [first] = connections
        if (first === undefined) return false
        const isOne = connections.length === 1
        const answer = await confirm({
          title: isOne ? said.deleteOne(first.settings.name) : said.deleteMany(connections.length),
          body: isOne ? said.deleteBody : said.deleteManyBody(namesOf(connections)),
          action: said.deleteAction,
        })
        if (answer === undefined) return false
        return run(said.notDeleted, async () => {
          const input = { connections: idsOf(connections) }
          const { removed } = await call('POST /delete', { input })
          return said.deleted(removed.length)
        })
      },
      duplicate: ({ id }) =>
        void run(said.notDuplicated, async () => {
          const made = await call('POST /connections/:id/duplicate', { id })
          navigate(`/connections/${encodeURIComponent(made.id)}/edit`)
          return said.duplicated(made.settings.name)
        }),
      saveShortcut: ({ id }) =>
        void run(said.notSaved, async () => {
          const { path } = await call('POST /connections/:id/shortcut', { id })
          return said.shortcutSaved(path)
        }),
      downloadRdp: ({ id }) =>
        void run(said.noRdp, async () => {
          const { file_name: name, text } = await call('GET /connections/:id/rdp', { id })
          download(name, text, 'application/x-rdp')
          return words.export.done(name)
        }),
      copyAddress: ({ address, settings }) =>
        void copy(address, words.list.addressOf(settings.name)),
    }
  }, [act, announce, confirm, copy, navigate])
}

function idsOf(connections: readonly ConnectionView[]): string[] {
  return connections.map(({ id }) => id)
}

function namesOf(connections: readonly ConnectionView[]): string[] {
  return connections.map(({ settings }) => settings.name)
}
