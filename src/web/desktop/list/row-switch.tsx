import type { ReactNode } from 'react'
import type { ConnectionView } from '../../../desktop/wire/view.ts'
import { useRowTabIndex } from '../../ui/list/row-controls.tsx'
import type { Actions } from '../use-actions.ts'
import { words } from '../words.ts'

export interface RowSwitchProps {
  readonly connection: ConnectionView
  readonly actions: Pick<Actions, 'up' | 'down'>
}

/**
 * Whether somebody wants it up. It shows what the daemon says, and so moves once the daemon has done it. The browser's own:
 * a component that renders once more when it is there is too much for rows that fly by.
 */
export function RowSwitch({ connection, actions }: RowSwitchProps): ReactNode {
  const { is_up: isWanted, state, settings } = connection
  return (
    <input
      type="checkbox"
      role="switch"
      className="row-switch"
      aria-label={words.list.keepUp(settings.name)}
      checked={isWanted}
      disabled={state === 'unsupported' && !isWanted}
      tabIndex={useRowTabIndex()}
      onChange={() => (isWanted ? actions.down([connection]) : actions.up([connection]))}
    />
  )
}
