// What is used of IndexedDB, so that the SDK compiles without a browser's types and takes anything that behaves like it.

export interface IdbRequest<Result> {
  readonly result: Result
  readonly error: unknown
  onsuccess: ((event: never) => unknown) | null
  onerror: ((event: never) => unknown) | null
}

export interface IdbOpenRequest extends IdbRequest<IdbDatabase> {
  onupgradeneeded: ((event: never) => unknown) | null
}

export interface IdbFactory {
  open(name: string, version?: number): IdbOpenRequest
}

export interface IdbDatabase {
  createObjectStore(name: string): unknown
  transaction(names: string[], mode: 'readonly' | 'readwrite'): IdbTransaction
  close(): void
  onversionchange: ((event: never) => unknown) | null
}

export interface IdbTransaction {
  objectStore(name: string): IdbStore
  abort(): void
  readonly error: unknown
  oncomplete: ((event: never) => unknown) | null
  onabort: ((event: never) => unknown) | null
}

export interface IdbCursor {
  readonly key: unknown
  readonly value: unknown
  continue(): void
}

export interface IdbStore {
  get(key: string): IdbRequest<unknown>
  put(value: unknown, key: string): IdbRequest<unknown>
  delete(key: string): IdbRequest<unknown>
  getAll(range: unknown, count?: number): IdbRequest<unknown[]>
  getAllKeys(range: unknown, count?: number): IdbRequest<unknown[]>
  openCursor(range: unknown, direction: 'prev'): IdbRequest<IdbCursor | null>
}

export interface IdbKeyRanges {
  bound(lower: string, upper: string, lowerOpen: boolean, upperOpen: boolean): unknown
}
