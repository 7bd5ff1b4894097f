import { Button, Menu } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import type { ConnectionView } from '../../../desktop/wire/view.ts'
import { useActions } from '../use-actions.ts'
import { words } from '../words.ts'

const { actions: said } = words

export interface OneActionsProps {
  readonly connection: ConnectionView
  readonly exportOne: () => void
}

/** What can be done to the connection that is shown. */
export function OneActions({ connection, exportOne }: OneActionsProps): ReactNode {
  const { id, is_up: isWanted, state, file } = connection
  const actions = useActions()
  const [, navigate] = useLocation()
  return (
    <>
      {isWanted ? (
        <Button variant="default" onClick={() => actions.down([connection])}>
          {said.disconnect}
        </Button>
      ) : (
        <Button disabled={state === 'unsupported'} onClick={() => actions.up([connection])}>
          {said.connect}
        </Button>
      )}
      {file === undefined && (
        <Button
          variant="default"
          component={Link}
          href={`/connections/${encodeURIComponent(id)}/edit`}
        >
          {said.edit}
        </Button>
      )}
      <Menu position="bottom-end" transitionProps={noTransition}>
        <Menu.Target>
          <Button variant="default">
            {said.more} <span aria-hidden>&nbsp;▾</span>
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => actions.duplicate(connection)}>{said.duplicate}</Menu.Item>
          <Menu.Item onClick={() => actions.copyAddress(connection)}>{said.copyAddress}</Menu.Item>
          <Menu.Item onClick={exportOne}>{said.export}</Menu.Item>
          <Menu.Item onClick={() => actions.saveShortcut(connection)}>{said.shortcut}</Menu.Item>
          <Menu.Item
            data-danger
            disabled={file !== undefined}
            onClick={() =>
              void actions.remove([connection]).then((isDone) => isDone && navigate('/'))
            }
          >
            {said.delete}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </>
  )
}

const noTransition = { duration: 0 }
