-- Twenty countries with their capitals, and the tables that pgbench wants.
create table country (
    code       char(2) primary key,
    name       text   not null,
    capital    text   not null,
    area_km2   integer not null,
    population bigint not null -- estimates for 2023
);
insert into country values
    ('AR', 'Argentina', 'Buenos Aires', 2780400, 46000000), ('AU', 'Australia', 'Canberra', 7692024, 26600000),
    ('BR', 'Brazil', 'Brasilia', 8515767, 216400000), ('CA', 'Canada', 'Ottawa', 9984670, 40100000),
    ('CH', 'Switzerland', 'Bern', 41285, 8850000), ('CN', 'China', 'Beijing', 9596961, 1410000000),
    ('DE', 'Germany', 'Berlin', 357592, 84500000), ('EG', 'Egypt', 'Cairo', 1002450, 112700000),
    ('ES', 'Spain', 'Madrid', 505990, 48300000), ('FR', 'France', 'Paris', 643801, 68200000),
    ('GB', 'United Kingdom', 'London', 242495, 68300000), ('ID', 'Indonesia', 'Jakarta', 1904569, 277500000),
    ('IN', 'India', 'New Delhi', 3287263, 1428600000), ('IT', 'Italy', 'Rome', 301340, 58900000),
    ('JP', 'Japan', 'Tokyo', 377975, 124500000), ('KE', 'Kenya', 'Nairobi', 580367, 55100000),
    ('MX', 'Mexico', 'Mexico City', 1964375, 128500000), ('NG', 'Nigeria', 'Abuja', 923768, 223800000),
    ('US', 'United States', 'Washington, D.C.', 9525067, 334900000), ('ZA', 'South Africa', 'Pretoria', 1221037, 60400000);

create table pgbench_branches (bid integer primary key, bbalance integer, filler char(88));
create table pgbench_tellers (tid integer primary key, bid integer, tbalance integer, filler char(84));
create table pgbench_accounts (aid integer primary key, bid integer, abalance integer, filler char(84)) with (fillfactor = 100);
create table pgbench_history (tid integer, bid integer, aid integer, delta integer, mtime timestamp, filler char(22));
insert into pgbench_branches values (1, 0, '');
insert into pgbench_tellers select i, 1, 0, '' from generate_series(1, 10) as i;
insert into pgbench_accounts select i, 1, 0, '' from generate_series(1, 100000) as i;
analyze;
