-- a second database of the same server: every server has more than the one that is watched
create database analytics;
