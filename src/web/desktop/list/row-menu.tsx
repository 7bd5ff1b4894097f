import { Button, Menu, VisuallyHidden } from '@mantine/core'
import type { CSSProperties, ReactNode } from 'react'
import type { ConnectionView } from '../../../desktop/wire/view.ts'
import { useRowTabIndex } from '../../ui/list/row-controls.tsx'
import type { Actions } from '../use-actions.ts'
import { words } from '../words.ts'

const { actions: said } = words

/** The menu of a connection, and the button that it hangs from. */
export interface OpenMenu {
  /** An id. */
  readonly connection: string
  readonly button: HTMLElement
}

export interface RowMenuButtonProps {
  readonly connection: ConnectionView
  readonly open: (menu: OpenMenu) => void
}

/** Opens the menu of a row. There is one menu for all of them: each has a dozen effects, and rows fly by. */
export function RowMenuButton({ connection, open }: RowMenuButtonProps): ReactNode {
  return (
    <Button
      variant="subtle"
      size="compact-sm"
      className="row-menu"
      aria-haspopup="menu"
      tabIndex={useRowTabIndex()}
      onClick={({ currentTarget }) => open({ connection: connection.id, button: currentTarget })}
    >
      <span aria-hidden>⋯</span>
      <VisuallyHidden>{words.list.menuOf(connection.settings.name)}</VisuallyHidden>
    </Button>
  )
}

export interface RowMenuProps {
  readonly connection: ConnectionView
  readonly button: HTMLElement
  readonly close: () => void
  readonly actions: Actions
  /** Goes to a page of the window. */
  readonly go: (path: string) => void
  readonly exportOne: (connection: ConnectionView) => void
}

/** Everything that can be done to one connection. */
export function RowMenu({ connection, button, close, ...more }: RowMenuProps): ReactNode {
  const leave = (): void => {
    button.focus()
    close()
  }
  return (
    <Menu
      opened
      onChange={(isOpened) => {
        if (!isOpened) leave()
      }}
      position="bottom-end"
      transitionProps={noTransition}
    >
      <Menu.Target>
        <button
          type="button"
          tabIndex={-1}
          className="row-menu-anchor"
          style={placeOf(button)}
          aria-label={words.list.menuOf(connection.settings.name)}
        />
      </Menu.Target>
      <Menu.Dropdown>
        <Items connection={connection} {...more} />
      </Menu.Dropdown>
    </Menu>
  )
}

const noTransition = { duration: 0 }

/** In the page, so that it goes with it. */
function placeOf(button: HTMLElement): CSSProperties {
  const { right, bottom } = button.getBoundingClientRect()
  return { left: right + window.scrollX, top: bottom + window.scrollY }
}

type ItemsProps = Omit<RowMenuProps, 'button' | 'close'>

function Items({ connection, actions, go, exportOne }: ItemsProps): ReactNode {
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
      <Menu.Item onClick={() => go(path)}>{said.view}</Menu.Item>
      <Menu.Item disabled={file !== undefined} onClick={() => go(`${path}/edit`)}>
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
