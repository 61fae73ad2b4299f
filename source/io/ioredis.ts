/** Loaded when a Redis is named and asked, and not before. Static names, since a bundler gives a late import of CommonJS no names. */
export {Cluster, Redis} from 'ioredis';
