import { useMemo, type ReactNode } from 'react'
import { del } from '../../ui/api.ts'
import { useConfirm } from '../../ui/confirm.tsx'
import { formatNumberOf } from '../../ui/format.ts'
import type { Column } from '../../ui/list/columns.ts'
import { DataList } from '../../ui/list/data-list.tsx'
import { RowButton, RowLink } from '../../ui/list/row-controls.tsx'
import { Moment } from '../../ui/moment.tsx'
import { useAct } from '../../ui/act.ts'
import { useMayChange } from '../me.ts'
import type { Rows } from '../pages.ts'
import { personPath } from '../person-path.ts'
import { nameOf, type Session } from './session.ts'

export interface SessionListProps extends Omit<Rows<Session>, 'query'> {
  /** Whether they are all of one person, who needs no column then. */
  readonly isOfOne?: boolean
}

/** Sessions, and a button that ends one for whoever may. */
export function SessionList({ isOfOne = false, rows, total, more }: SessionListProps): ReactNode {
  const mayChange = useMayChange()()
  const end = useEndSession()
  const columns = useMemo(
    () => [...(isOfOne ? [] : [person]), ...facts, ...(mayChange ? [ends(end)] : [])],
    [isOfOne, mayChange, end],
  )
  return (
    <DataList
      label="Sessions"
      columns={columns}
      rows={rows}
      keyOf={idOf}
      total={total}
      more={more}
    />
  )
}

const idOf = ({ id }: Session): string => id

/** Asks, and ends a session. */
function useEndSession(): (session: Session) => void {
  const ask = useConfirm()
  const { act } = useAct()
  return useMemo(
    () => (session) =>
      void (async () => {
        const whose = nameOf(session)
        const answer = await ask({
          title: `End this session of ${whose}?`,
          body: `Its ${formatNumberOf(session.tunnels, 'tunnel')} end at once, and ${whose} has to sign in again there. To keep them out, block them.`,
          action: 'End the session',
        })
        if (answer === undefined) return
        await act({
          async run() {
            await del(`/sessions/${encodeURIComponent(session.id)}`)
            return `Ended the session of ${whose}`
          },
          failed: `The session of ${whose} was not ended`,
          changes: ['sessions', 'tunnels', 'overview'],
        })
      })(),
    [ask, act],
  )
}

const person: Column<Session> = {
  id: 'person',
  title: 'Person',
  width: 'minmax(12rem, 2fr)',
  cell: (session) => (
    <>
      <RowLink to={personPath(session.user)}>{nameOf(session)}</RowLink>
      {session.email !== null && session.email !== nameOf(session) && (
        <div className="second">{session.email}</div>
      )}
    </>
  ),
}

/** Of a gateway with one provider it need not be said. */
const defaultProvider = 'default'

/** Of one that was signed in by a release that did not keep it, a browser or a program may have it. */
function kindOf({ kind }: Session): string {
  return kind === 'command-line' ? 'command line' : (kind ?? 'browser or program')
}

const facts: readonly Column<Session>[] = [
  {
    id: 'device',
    title: 'Signed in by',
    width: 'minmax(9rem, 1fr)',
    cell: (session) => {
      const { ip, provider } = session
      const by = provider === defaultProvider ? null : `with ${provider}`
      const second = [ip, by].filter((text) => text !== null).join(', ')
      return (
        <>
          {session.device ?? kindOf(session)}
          {second !== '' && <div className="second">{second}</div>}
        </>
      )
    },
  },
  {
    id: 'since',
    title: 'Since',
    width: '9rem',
    cell: ({ issued_at }) => <Moment at={issued_at} />,
  },
  {
    id: 'used',
    title: 'Last used',
    width: '9rem',
    cell: ({ last_used_at }) => <Moment at={last_used_at} />,
  },
  {
    id: 'until',
    title: 'Until',
    width: '9rem',
    cell: ({ expires_at }) => <Moment at={expires_at} />,
  },
  { id: 'tunnels', title: 'Tunnels', width: '5rem', align: 'end', cell: ({ tunnels }) => tunnels },
]

function ends(end: (session: Session) => void): Column<Session> {
  return {
    id: 'end',
    title: 'End',
    width: '4.5rem',
    cell: (session) => (
      <RowButton of={`the session of ${nameOf(session)}`} onClick={() => end(session)}>
        End
      </RowButton>
    ),
  }
}
