import { Button, Menu, VisuallyHidden } from '@mantine/core'
import type { ReactNode } from 'react'
import type { ConnectionView } from '../../../desktop/wire/view.ts'
import { useRowTabIndex } from '../../ui/list/row-controls.tsx'
import type { Actions } from '../use-actions.ts'
import { words } from '../words.ts'

const { actions: said } = words

export interface RowMenuActions {
  readonly actions: Actions
  /** Goes to a page of the window. */
  readonly open: (path: string) => void
  readonly exportOne: (connection: ConnectionView) => void
}

export interface RowMenuProps {
  readonly connection: ConnectionView
  readonly actions: RowMenuActions
}

/** Everything that can be done to one connection. */
export function RowMenu({ connection, actions: menu }: RowMenuProps): ReactNode {
  return (
    <Menu position="bottom-end" transitionProps={noTransition}>
      <Menu.Target>
        <Button variant="subtle" size="compact-sm" tabIndex={useRowTabIndex()} className="row-menu">
          <span aria-hidden>⋯</span>
          <VisuallyHidden>{words.list.menuOf(connection.settings.name)}</VisuallyHidden>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Items connection={connection} actions={menu} />
      </Menu.Dropdown>
    </Menu>
  )
}

function Items({ connection, actions: { actions, open, exportOne } }: RowMenuProps): ReactNode {
  const { is_up: isWanted, state, file } = connection
  const path = `/connections/${encodeURIComponent(connection.id)}`
  return (
    <>
      {isWanted ? (
        <Menu.Item onClick={() => actions.down([connection])}>{said.disconnect}</Menu.Item>
      ) : (
        <Menu.Item disabled={state === 'unsupported'} onClick={() => actions.up([connection])}>
          {said.connect}
        </Menu.Item>
      )}
      <Menu.Item onClick={() => open(path)}>{said.view}</Menu.Item>
      <Menu.Item disabled={file !== undefined} onClick={() => open(`${path}/edit`)}>
        {said.edit}
      </Menu.Item>
      <Menu.Item onClick={() => actions.duplicate(connection)}>{said.duplicate}</Menu.Item>
      <Menu.Item onClick={() => actions.copyAddress(connection)}>{said.copyAddress}</Menu.Item>
      <Menu.Item onClick={() => exportOne(connection)}>{said.export}</Menu.Item>
      <Menu.Item onClick={() => actions.saveShortcut(connection)}>{said.shortcut}</Menu.Item>
      <Menu.Item
        data-danger
        disabled={file !== undefined}
        onClick={() => void actions.remove([connection])}
      >
        {said.delete}
      </Menu.Item>
    </>
  )
}

const noTransition = { duration: 0 }
