"""A small file for each preset, with its quirk in it, and the Wh of its hours, worked out by hand."""

from dataclasses import dataclass, field

Hours = dict[tuple[str, str], int]


@dataclass(frozen=True)
class PresetFile:
    """`wh` by hour in UTC and user, of the measure; `rejects` are lines."""

    preset: str
    content: str
    wh: Hours
    measure: str = "metered_kwh"
    rejects: list[int] = field(default_factory=list)
    incomplete: int = 0
    locations: set[str] = field(default_factory=lambda: {""})
    encoding: str = "utf-8"


ELHUB = """\
Fra,Til,KWH 15 Forbruk,Kvalitet
26.10.2019 01:45,26.10.2019 02:00,"0,100",Målt
27.10.2019 02:00,27.10.2019 02:15,"0,250",Målt
27.10.2019 02:15,27.10.2019 02:30,"0,250",Målt
27.10.2019 02:30,27.10.2019 02:45,"0,250",Beregnet
27.10.2019 02:45,27.10.2019 02:00,"0,251",Målt
27.10.2019 02:00,27.10.2019 02:15,"1,000",Målt
27.10.2019 02:15,27.10.2019 02:30,"1,000",Målt
27.10.2019 02:30,27.10.2019 02:45,"1,000",Målt
27.10.2019 02:45,27.10.2019 03:00,"1,000",Målt
"""
ELHUB_HOURS = """\
Avlesning fra Elhub
Målepunkt:,707057500000000000

Fra,Til,KWH 60 Forbruk,Kvalitet
2019-03-31T01:00:00+01:00,2019-03-31T03:00:00+02:00,"1,5",Målt
2019-03-31T03:00:00+02:00,2019-03-31T04:00:00+02:00,"2",Målt
2019-03-31T04:00:00+02:00,2019-03-31T05:00:00+02:00,,Målt
"""
FLUVIUS_HEADER = (
    "Van (datum);Van (tijdstip);Tot (datum);Tot (tijdstip);EAN-code;Meter;Metertype;Register;Volume;Eenheid;"
    "Validatiestatus;Omschrijving\n"
)
FLUVIUS = FLUVIUS_HEADER + "".join(
    f'01-02-2023;00:{start:02}:00;01-02-2023;{end};="541448820000000001";1SAG1;Digitale meter;{register};{volume};kWh;'
    "Gevalideerd;\n"
    for start, end in ((0, "00:15:00"), (15, "00:30:00"), (30, "00:45:00"), (45, "01:00:00"))
    for register, volume in (
        ("Afname Dag", "0,100"),
        ("Afname Nacht", "0,020"),
        ("Injectie Dag", "5,000"),
        ("Injectie Nacht", "5,000"),
    )
)
DATADIS = (
    "CUPS;Fecha;Hora;Consumo_kWh;Metodo_obtencion\n"
    "ES0021;2023/03/26;1;0,100;Real\nES0021;2023/03/26;2;0,200;Real\nES0021;2023/03/26;3;0,300;Real\n"
    "ES0021;2023/03/26;23;0,400;Real\nES0021;2023/03/26;24;9,999;Real\n"
    "ES0021;29/10/2023;3;0,500;Real\nES0021;29/10/2023;4;0,600;Real\nES0021;29/10/2023;25;0,700;Real\n"
)
ENEDIS = """\
Identifiant PRM;Type de donnees;Date de debut;Date de fin;Grandeur physique;Etape metier;Unite;Pas en minutes
01234567890123;Courbe de charge;01/12/2020;02/12/2020;Energie active;Comptage Brut;W;30
Horodate;Valeur
2020-12-01T00:30:00+01:00;1000
2020-12-01T01:00:00+01:00;501
2020-12-01T01:30:00+01:00;600
2020-12-01T02:00:00+01:00;
2020-12-01T02:10:00+01:00;600
2020-12-01T02:20:00+01:00;601
2020-12-01T02:30:00+01:00;600
2020-12-01T02:40:00+01:00;600
2020-12-01T02:50:00+01:00;600
2020-12-01T03:00:00+01:00;602
"""
GREEN_BUTTON = """\
\ufeffName,A B
Address,1 Main St
Account Number,1234567890
Service,Service 1

TYPE,DATE,START TIME,END TIME,USAGE (kWh),COST,NOTES
Electric usage,2016-10-22,00:00,00:14,0.10,$0.02,
Electric usage,2016-10-22,00:15,00:29,0.20,$0.02,
Electric usage,2016-10-22,00:30,00:44,0.30,$0.02,
Electric usage,2016-10-22,00:45,00:59,0.40,$0.02,
Electric usage,2016-10-22,01:00,01:14,0.50,$0.02,
Natural gas usage,2016-10-22,01:00,01:59,9.00,$0.02,
"""
GREEN_BUTTON_UNITS = """\
Name,A B
TYPE,DATE,START TIME,END TIME,USAGE,UNITS,COST,NOTES
Electric usage,10/22/2016,00:00,01:00,0.5,kWh,$0.02,
Electric usage,10/22/2016,01:00,02:00,0.25,kWh,$0.02,
"""
OCTOPUS = """\
Consumption (kwh), Estimated Cost Inc. Tax (p), Standing Charge Inc. Tax (p), Start, End
0.1234, 1.0, 0.5, 2023-10-29T01:00:00+01:00, 2023-10-29T01:30:00+01:00
0.1000, 1.0, 0.5, 2023-10-29T01:30:00+01:00, 2023-10-29T01:00:00+00:00
0.2000, 1.0, 0.5, 2023-10-29T01:00:00+00:00, 2023-10-29T01:30:00+00:00
"""
LONDON = """\
LCLid,stdorToU,DateTime,KWH/hh (per half hour) 
MAC000002,Std,2012-10-12 00:30:00.0000000, 0.5 
MAC000002,Std,2012-10-12 01:00:00.0000000, 0.25 
MAC000002,Std,2012-10-12 01:30:00.0000000,Null
MAC000003,Std,2012-10-12 01:00:00.0000000, 1 
MAC000003,Std,2012-10-12 01:30:00.0000000, 2 
"""  # noqa: W291
PLAIN = "timestamp,user,kwh\n" + "".join(
    f"2024-01-01T{hour:02}:{minute:02}:00+02:00,{user},{kwh}\n"
    for user, kwh in (("a", "0.25"), ("b", "0.125"))
    for hour, minute in ((0, 0), (0, 15), (0, 30), (0, 45), (1, 0))
)
OCPP = """\
id,charge point,connector,metervalue,increment,timestamp
1,CP1,1,1000,500,2021-05-05T10:15:00Z
2,CP1,1,2000,1000,2021-05-05T11:00:00Z
3,CP1,1,2250,250,2021-05-05T11:07:30Z
"""
# 90 minutes from 20:17 Pacific daylight time, of which 47 charge; without a user id it is the charger's.
CHARGEPOINT = """\
Station Name,MAC Address,Start Date,Start Time Zone,End Date,End Time Zone,\
Total Duration (hh:mm:ss),Charging Time (hh:mm:ss),Energy (kWh),EVSE ID,User ID
PALO ALTO 1,000D,7/29/2011 20:17,PDT,7/29/2011 21:47,PDT,1:30:00,0:47:00,3.5,3000,3284
PALO ALTO 1,000D,1/5/2012 0:30,PST,1/5/2012 1:00,PST,0:30:00,0:10:00,0.5,3000,
"""
EVCC_EN = """\
\ufeffCreated,Finished,Charging point,Identifier,Vehicle,Mileage (km),Meter start (kWh),\
Meter stop (kWh),Energy (kWh),Duration
2024-06-01 10:00:00,2024-06-01 13:00:00,Carport,,Zoe,1200,100.000,105.400,5.400,2h1m5s
"""
EVCC_DE = """\
\ufeffStartzeit;Endzeit;Ladepunkt;Kennung;Fahrzeug;Kilometerstand (km);Energie (kWh);Ladedauer
2024-06-01 10:00:00;2024-06-01 13:00:00;Carport;;Zoe;1200;5,400;2h1m5s
"""
UK = """\
Charging event,CP ID,Start Date,Start Time,End Date,End Time,Total kWh,Site
1,50339,2017-01-12T00:00:00,10:30,2017-01-12T00:00:00,11:00,1.5,Queen Street
2,50339,2017-12-25T00:00:00,10:30,2017-12-25T00:00:00,11:30,1.0,Queen Street
3,50340,05/07/2018,23:30,06/07/2018,00:30,2,Perth
4,50340,05/07/2018,12:00,,,,Perth
5,50340,05/07/2018,12:00,05/07/2018,13:00,-1.5,Perth
"""
BOULDER = """\
ObjectId,Station_Name,Address,Start_Date___Time,Start_Time_Zone,End_Date___Time,End_Time_Zone,Energy__kWh_
1,BOULDER / JUNCTION ST1,x,2018/07/01 17:30:00+00,MDT,2018/07/01 19:52:00+00,MDT,2.5
"""
BELIB = """\
id;station;start;end;energy
7;Rivoli;Fri Apr 14 2017 00:49:24 GMT+0200 (CEST);Fri Apr 14 2017 02:49:24 GMT+0200 (CEST);1500
"""
SAP = """\
id,chargingStationID,siteName,userID,timezone,startDate,startTime,endDate,endTime,totalConsumptionkWh,totalInactivityMins
11,CS1,Nice,u1,Europe/Paris,2022-07-01,08:00:00,2022-07-01,10:00:00,3.6,60
12,CS1,Nice,,N/A (UTC by default),2022-07-01,08:00:00,2022-07-01,10:00:00,1.8,60
"""
STEVE = """\
transaction_pk,charge_box_id,connector_id,id_tag,start_timestamp,start_value,stop_timestamp,stop_value,stop_reason
5,box1,1,TAG1,2023-02-01T10:15:00.000Z,1000,2023-02-01T12:00:00.000Z,5500,Local
6,box1,1,TAG1,2023-02-01T13:00:00.000Z,5500,,,
"""
ZAPTEC = """\
Id,DeviceId,StartDateTime,EndDateTime,Energy,UserId
a-1,ZAP1,2024-03-01T10:30:00.123,2024-03-01T12:00:00,2,ann
"""
TRONDHEIM = """\
session_ID;Garage_ID;User_ID;User_type;Shared_ID;Start_plugin;Start_plugin_hour;End_plugout;End_plugout_hour;El_kWh;Duration_hours\r
1;AdO3;AdO3-4;Private;NA;21.12.2018 10:20;10;21.12.2018 10:23;10;0,3;0,05\r
3;AdO3;AdO3-4;Private;NA;21.12.2018 11:33;11;21.12.2018 19:46;19;5,22;8,216388889\r
9;Bl2;Bl2-1;Private;NA;21.12.2018 11:30;11;NA;NA;2,7;NA\r
"""

SYNTHETIC = "synthetic_3_6_kwh"

FILES = {
    "elhub, quarters of the hour that comes twice": PresetFile(
        "elhub",
        ELHUB,
        {
            ("2019-10-25T23:00Z", "meter"): 100,
            ("2019-10-27T00:00Z", "meter"): 1001,
            ("2019-10-27T01:00Z", "meter"): 4000,
        },
        incomplete=1,
    ),
    "elhub, hours with offsets after a preamble": PresetFile(
        "elhub", ELHUB_HOURS, {("2019-03-31T00:00Z", "meter"): 1500, ("2019-03-31T01:00Z", "meter"): 2000}
    ),
    "fluvius": PresetFile("fluvius", FLUVIUS, {("2023-01-31T23:00Z", "541448820000000001"): 480}),
    "datadis": PresetFile(
        "datadis",
        DATADIS,
        {
            ("2023-03-25T23:00Z", "ES0021"): 100,
            ("2023-03-26T00:00Z", "ES0021"): 200,
            ("2023-03-26T01:00Z", "ES0021"): 300,
            ("2023-03-26T21:00Z", "ES0021"): 400,
            ("2023-10-29T00:00Z", "ES0021"): 500,
            ("2023-10-29T01:00Z", "ES0021"): 600,
            ("2023-10-29T22:00Z", "ES0021"): 700,
        },
        rejects=[6],
    ),
    # The first hour is 1,000 W and 501 W for half an hour each, 750.5 Wh. The second lacks its second half.
    "enedis": PresetFile(
        "enedis",
        ENEDIS,
        {
            ("2020-11-30T23:00Z", "01234567890123"): 751,
            ("2020-12-01T00:00Z", "01234567890123"): 300,
            ("2020-12-01T01:00Z", "01234567890123"): 601,
        },
        incomplete=1,
    ),
    "green button": PresetFile(
        "green_button",
        GREEN_BUTTON,
        {("2016-10-21T22:00Z", "1234567890"): 1000, ("2016-10-21T23:00Z", "1234567890"): 500},
        incomplete=1,
    ),
    "green button with units": PresetFile(
        "green_button", GREEN_BUTTON_UNITS, {("2016-10-21T22:00Z", "meter"): 500, ("2016-10-21T23:00Z", "meter"): 250}
    ),
    "octopus": PresetFile(
        "octopus", OCTOPUS, {("2023-10-29T00:00Z", "meter"): 223, ("2023-10-29T01:00Z", "meter"): 200}, incomplete=1
    ),
    "london": PresetFile(
        "london_lcl",
        LONDON,
        {
            ("2012-10-12T00:00Z", "MAC000002"): 500,
            ("2012-10-12T01:00Z", "MAC000002"): 250,
            ("2012-10-12T01:00Z", "MAC000003"): 3000,
        },
        incomplete=2,
    ),
    "plain": PresetFile(
        "plain",
        PLAIN,
        {
            ("2023-12-31T22:00Z", "a"): 1000,
            ("2023-12-31T23:00Z", "a"): 250,
            ("2023-12-31T22:00Z", "b"): 500,
            ("2023-12-31T23:00Z", "b"): 125,
        },
        incomplete=2,
    ),
    # The quarter up to 11:07:30 lies half in the hour before.
    "ocpp": PresetFile(
        "ocpp_increments",
        OCPP,
        {("2021-05-05T10:00Z", "CP1"): 1625, ("2021-05-05T11:00Z", "CP1"): 125},
        incomplete=2,
    ),
    "chargepoint": PresetFile(
        "chargepoint",
        CHARGEPOINT,
        {("2011-07-30T03:00Z", "3284"): 2580, ("2011-07-30T04:00Z", "3284"): 920, ("2012-01-05T08:00Z", "3000"): 500},
        SYNTHETIC,
        locations={"PALO ALTO 1"},
    ),
    "evcc in English": PresetFile(
        "evcc_en",
        EVCC_EN,
        {("2024-06-01T08:00Z", "Zoe"): 3600, ("2024-06-01T09:00Z", "Zoe"): 1800},
        SYNTHETIC,
        locations={"Carport"},
    ),
    "evcc in German": PresetFile(
        "evcc_de",
        EVCC_DE,
        {("2024-06-01T08:00Z", "Zoe"): 3600, ("2024-06-01T09:00Z", "Zoe"): 1800},
        SYNTHETIC,
        locations={"Carport"},
    ),
    "uk cities": PresetFile(
        "uk_cities",
        UK,
        {
            ("2017-12-01T10:00Z", "50339"): 1500,
            ("2017-12-25T10:00Z", "50339"): 1000,
            ("2018-07-05T22:00Z", "50340"): 1800,
            ("2018-07-05T23:00Z", "50340"): 200,
        },
        SYNTHETIC,
        rejects=[6],
        locations={"Queen Street", "Perth"},
    ),
    "boulder": PresetFile(
        "boulder",
        BOULDER,
        {("2018-07-01T17:00Z", "BOULDER / JUNCTION ST1"): 1800, ("2018-07-01T18:00Z", "BOULDER / JUNCTION ST1"): 700},
        SYNTHETIC,
        locations={"BOULDER / JUNCTION ST1"},
    ),
    "belib": PresetFile(
        "belib", BELIB, {("2017-04-13T22:00Z", "Rivoli"): 660, ("2017-04-13T23:00Z", "Rivoli"): 840}, SYNTHETIC
    ),
    "sap": PresetFile(
        "sap",
        SAP,
        {("2022-07-01T06:00Z", "u1"): 3600, ("2022-07-01T08:00Z", "CS1"): 1800},
        SYNTHETIC,
        locations={"Nice"},
    ),
    "steve": PresetFile(
        "steve",
        STEVE,
        {("2023-02-01T10:00Z", "TAG1"): 2700, ("2023-02-01T11:00Z", "TAG1"): 1800},
        SYNTHETIC,
        locations={"box1"},
    ),
    "zaptec": PresetFile(
        "zaptec",
        ZAPTEC,
        {("2024-03-01T10:00Z", "ann"): 1800, ("2024-03-01T11:00Z", "ann"): 200},
        SYNTHETIC,
        locations={"ZAP1"},
    ),
    "trondheim": PresetFile(
        "trondheim",
        TRONDHEIM,
        {
            ("2018-12-21T09:00Z", "AdO3-4"): 300,
            ("2018-12-21T10:00Z", "AdO3-4"): 1620,
            ("2018-12-21T11:00Z", "AdO3-4"): 3600,
            ("2018-12-21T10:00Z", "Bl2-1"): 1800,
            ("2018-12-21T11:00Z", "Bl2-1"): 900,
        },
        SYNTHETIC,
        locations={"AdO3", "Bl2"},
    ),
}
