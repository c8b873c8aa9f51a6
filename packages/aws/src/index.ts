export { s3Client } from "./client.ts";
export { readConnection, type S3Connection, s3Connection } from "./connection.ts";
export { s3Fault } from "./faults.ts";
export { type ListedObject, listObjects, ObjectChangedError, readObject } from "./objects.ts";
