import type { ReactNode } from 'react'
import { SelectField } from '../../ui/select-field.tsx'
import { words } from '../words.ts'
import type { Folder } from './folders.ts'

export interface FolderListProps {
  readonly folders: readonly Folder[]
  readonly current: string
  readonly choose: (id: string) => void
}

/** The folders, and how many in each are up; on a narrow screen one line to choose from. */
export function FolderList({ folders, current, choose }: FolderListProps): ReactNode {
  return (
    <nav aria-label={words.list.folders} className="folders">
      <div className="folders-narrow">
        <SelectField
          label={words.list.folders}
          value={current}
          onChange={choose}
          options={folders.map((folder) => ({
            value: folder.id,
            label: `${folder.name} · ${upOf(folder)}`,
          }))}
        />
      </div>
      <ul>
        {folders.map((folder) => (
          <li key={folder.id}>
            <button
              type="button"
              aria-current={folder.id === current ? 'true' : undefined}
              onClick={() => choose(folder.id)}
            >
              <span>{folder.name}</span>
              <span className="second">{upOf(folder)}</span>
            </button>
          </li>
        ))}
      </ul>
    </nav>
  )
}

function upOf({ up, connections }: Folder): string {
  return words.list.upOf(up, connections.length)
}
