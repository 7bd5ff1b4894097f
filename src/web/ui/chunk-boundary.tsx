import { Component, type ReactNode } from 'react'
import { Failed } from './states.tsx'

interface Props {
  readonly children: ReactNode
}

interface State {
  readonly failure?: Error
}

/** Shows that a view broke or could not be loaded, where nothing at all would be shown. React has this for classes only. */
export class ChunkBoundary extends Component<Props, State> {
  override state: State = {}

  static getDerivedStateFromError(error: unknown): State {
    return { failure: error instanceof Error ? error : new Error(String(error)) }
  }

  override render(): ReactNode {
    const { failure } = this.state
    if (failure === undefined) return this.props.children
    const fault = {
      message: failure.message,
      hint: 'Postern may have been updated, or may not answer: load the page again',
    }
    return <Failed what="this view" fault={fault} retry={() => location.reload()} />
  }
}
