import { Button, Text } from '@mantine/core'
import { lazy, Suspense, useMemo, useState, type ReactNode } from 'react'
import { useLocation } from 'wouter'
import type { ConnectionView } from '../../../desktop/wire/view.ts'
import { DataList } from '../../ui/list/data-list.tsx'
import { PageHead } from '../../ui/page-head.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { useSearchWords } from '../../ui/search-state.ts'
import { Empty } from '../../ui/states.tsx'
import { Attention } from '../attention.tsx'
import { useDaemon } from '../live.ts'
import { useActions } from '../use-actions.ts'
import { words } from '../words.ts'
import { columnsOf } from './columns.tsx'
import { FolderActions } from './folder-actions.tsx'
import { FolderList } from './folder-list.tsx'
import { foldersOf, matching } from './folders.ts'
import './list.css'
import { RowMenu, type OpenMenu } from './row-menu.tsx'

const ExportDialog = lazy(() => import('../transfer/export-dialog.tsx'))

const { list: said } = words

/** Every connection, by folder. */
export function ListView(): ReactNode {
  const { connections } = useDaemon()
  const [search, changeSearch] = useSearchWords()
  const [, navigate] = useLocation()
  const actions = useActions()
  const [exported, setExported] = useState<readonly ConnectionView[]>()
  const [menu, setMenu] = useState<OpenMenu>()
  const folders = useMemo(() => foldersOf(connections), [connections])
  const wanted = search.get('folder') ?? ''
  const text = search.get('q') ?? ''
  const folder = folders.find(({ id }) => id === wanted) ?? folders[0]
  const shown = useMemo(
    () => matching(folder?.connections ?? [], text),
    [folder?.connections, text],
  )
  const columns = useMemo(() => columnsOf(actions, setMenu), [actions])
  const menuOf = connections.find(({ id }) => id === menu?.connection)
  const open = ({ id }: ConnectionView): void => navigate(`/connections/${encodeURIComponent(id)}`)
  if (folder === undefined) return null
  return (
    <div className="list-page">
      <FolderList
        folders={folders}
        current={folder.id}
        choose={(id) => changeSearch({ folder: id })}
      />
      <div>
        <PageHead
          title={folder.name}
          lead={said.upOf(folder.up, folder.connections.length)}
          actions={<FolderActions folder={folder} actions={actions} exportAll={setExported} />}
        />
        <Attention />
        <form
          role="search"
          onSubmit={(event) => {
            event.preventDefault()
            const [found, ...others] = shown
            if (found !== undefined && others.length === 0) open(found)
          }}
        >
          <SearchField label={said.search} value={text} search={(q) => changeSearch({ q })} />
        </form>
        {text !== '' && (
          <Text role="status" className="count">
            {said.found(shown.length)}
          </Text>
        )}
        {shown.length === 0 ? (
          <NoneFit
            clear={() => changeSearch({ q: '' })}
            {...(folder.id !== '' && { searchAll: () => changeSearch({ folder: '' }) })}
          />
        ) : (
          <DataList
            label={folder.name}
            columns={columns}
            rows={shown}
            keyOf={idOf}
            sorting={byName}
            onOpen={open}
          />
        )}
      </div>
      {menu !== undefined && menuOf !== undefined && (
        <RowMenu
          connection={menuOf}
          button={menu.button}
          close={() => setMenu(undefined)}
          actions={actions}
          go={navigate}
          exportOne={(one) => setExported([one])}
        />
      )}
      {exported !== undefined && (
        <Suspense>
          <ExportDialog connections={exported} close={() => setExported(undefined)} />
        </Suspense>
      )}
    </div>
  )
}

const byName = { column: 'name', isDescending: false }

function idOf({ id }: ConnectionView): string {
  return id
}

interface NoneFitProps {
  readonly clear: () => void
  /** Absent where all are searched already. */
  readonly searchAll?: () => void
}

function NoneFit({ clear, searchAll }: NoneFitProps): ReactNode {
  return (
    <>
      <Empty title={said.none} />
      <div className="buttons">
        {searchAll !== undefined && (
          <Button variant="default" onClick={searchAll}>
            {said.searchAll}
          </Button>
        )}
        <Button variant="default" onClick={clear}>
          {said.clear}
        </Button>
      </div>
    </>
  )
}
