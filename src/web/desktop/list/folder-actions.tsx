import { Button, Menu } from '@mantine/core'
import type { ReactNode } from 'react'
import type { ConnectionView } from '../../../desktop/wire/view.ts'
import type { Actions } from '../use-actions.ts'
import { words } from '../words.ts'
import type { Folder } from './folders.ts'

const { list: said } = words

export interface FolderActionsProps {
  readonly folder: Folder
  readonly actions: Actions
  readonly exportAll: (connections: readonly ConnectionView[]) => void
}

/** What is done to every connection of a folder. */
export function FolderActions({ folder, actions, exportAll }: FolderActionsProps): ReactNode {
  const { connections } = folder
  const down = connections.filter(
    ({ is_up: isWanted, state }) => !isWanted && state !== 'unsupported',
  )
  const up = connections.filter(({ is_up: isWanted }) => isWanted)
  const own = connections.filter(({ file }) => file === undefined)
  return (
    <>
      <Button variant="default" disabled={down.length === 0} onClick={() => actions.up(down)}>
        {said.connectAll}
      </Button>
      <Button variant="default" disabled={up.length === 0} onClick={() => actions.down(up)}>
        {said.disconnectAll}
      </Button>
      <Menu position="bottom-end" transitionProps={noTransition}>
        <Menu.Target>
          <Button variant="default">
            {said.folderMenu} <span aria-hidden>&nbsp;▾</span>
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => exportAll(connections)}>{said.exportAll}</Menu.Item>
          <Menu.Item
            data-danger
            disabled={own.length === 0}
            onClick={() => void actions.remove(own)}
          >
            {said.deleteAll}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </>
  )
}

const noTransition = { duration: 0 }
