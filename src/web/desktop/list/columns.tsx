import type { ReactNode } from 'react'
import type { ConnectionView } from '../../../desktop/wire/view.ts'
import { formatBytes, formatCount } from '../../ui/format.ts'
import type { Column } from '../../ui/list/columns.ts'
import { RowLink } from '../../ui/list/row-controls.tsx'
import { sentence } from '../../ui/sentence.ts'
import { CopyButton } from '../copy-button.tsx'
import { SignInButton } from '../sign-in-button.tsx'
import { StateMark } from '../state-mark.tsx'
import { isTroubled } from '../tone.ts'
import type { Actions } from '../use-actions.ts'
import { words } from '../words.ts'
import { RowMenuButton, type OpenMenu } from './row-menu.tsx'
import { RowSwitch } from './row-switch.tsx'

const { list: said } = words

/** What a list of connections shows of each; `openMenu` is what the button at a row's end does. */
export function columnsOf(
  actions: Actions,
  openMenu: (menu: OpenMenu) => void,
): readonly Column<ConnectionView>[] {
  return [
    {
      id: 'on',
      title: said.columns.on,
      width: '2.75rem',
      cell: (connection) => <RowSwitch connection={connection} actions={actions} />,
    },
    {
      id: 'name',
      title: said.columns.name,
      width: 'minmax(10rem, 2fr)',
      cell: (connection) => <Name connection={connection} />,
      sortBy: ({ settings }) => settings.name,
    },
    {
      id: 'state',
      title: said.columns.state,
      width: 'minmax(9.5rem, 1.6fr)',
      cell: (connection) => <State connection={connection} />,
      sortBy: ({ state }) => state,
    },
    {
      id: 'address',
      title: said.columns.address,
      width: 'minmax(13.5rem, 1.2fr)',
      cell: ({ address, settings: { name } }) => (
        <CopyButton text={address} purpose={said.copyAddress(name)} what={said.addressOf(name)} />
      ),
      sortBy: ({ address }) => address,
    },
    {
      id: 'tunnels',
      title: said.columns.tunnels,
      width: '4.5rem',
      align: 'end',
      cell: ({ tunnels }) => formatCount(tunnels),
      sortBy: ({ tunnels }) => -tunnels,
    },
    {
      id: 'bytes',
      title: said.columns.bytes,
      width: '6.5rem',
      align: 'end',
      cell: ({ bytes }) => (
        <>
          <div>{formatBytes(bytes.up)}</div>
          <div className="second">{formatBytes(bytes.down)}</div>
        </>
      ),
      sortBy: ({ bytes }) => -(bytes.up + bytes.down),
    },
    {
      id: 'menu',
      title: said.columns.menu,
      width: '2.75rem',
      cell: (connection) => <RowMenuButton connection={connection} open={openMenu} />,
    },
  ]
}

function Name({ connection }: { readonly connection: ConnectionView }): ReactNode {
  const { id, settings, authority, file } = connection
  const more = [
    ...settings.tags,
    ...(settings.start_at_launch ? [said.startsAtLaunch] : []),
    ...(file === undefined ? [] : [said.fromFile(file)]),
  ]
  return (
    <>
      <RowLink to={`/connections/${encodeURIComponent(id)}`}>{settings.name}</RowLink>
      <div className="second">{authority ?? settings.destination}</div>
      {more.length > 0 && <div className="second">{more.join(' · ')}</div>}
    </>
  )
}

function State({ connection }: { readonly connection: ConnectionView }): ReactNode {
  const { id, state, trouble, gateway } = connection
  return (
    <div className="row-state">
      <StateMark state={state} />
      {isTroubled(state) && state !== 'sign-in-needed' && trouble !== undefined && (
        <div className="second">{sentence(trouble.message)}</div>
      )}
      {state === 'sign-in-needed' && gateway !== undefined && (
        <SignInButton gateway={gateway} connection={id} variant="default" />
      )}
    </div>
  )
}
